import { listStages } from '../deploy/list-stages.ts'
import { ownerSchema, projectSchema } from '../model/names.ts'
import { lastDay } from '../records/counter.ts'
import { buildPath, keyOfPath, opensPath, ownerPath, repositoryPath } from '../records/links.ts'
import { readBuild, readRecords } from '../records/read-records.ts'
import { listProjects } from '../records/repository-records.ts'
import type { Store } from '../records/store.ts'
import { type View, viewOf } from '../records/view.ts'
import { type OpenedRepository, openRepository } from './access.ts'
import { type ShownStage, shownStages } from './shown-stages.ts'

/** The most owners, and names of one owner, that are read, because anyone may request a page. A page shows some of them. */
const MOST_NAMES = 100
const MOST_COUNTED = 150
const SHOWN = 10
const STAGES = 4
/** How many of the newest builds are read to find one to show: they may date from the repository's private time, or only repeat a job. */
const MOST_TRIED = 6

/** A repository that the visitor may see at least in part. */
export type ListedRepository = {
  /** `owner/repo`, as GitHub spells it. */
  repository: string
  isPrivate: boolean
  /** The newest build that the visitor may see and that does not only repeat a job; null if it is too far back. */
  newest: View | null
  stages: readonly ShownStage[]
  /** Links, with keys if necessary. */
  link: string
  linkTo: (number: number) => string
}

export type ListedRepositories = {
  /** The owner of these repositories; null for all owners. */
  owner: string | null
  /** Those with the newest builds first. */
  repositories: readonly ListedRepository[]
  /** The index of the first repository on the next page; null if there is none. */
  next: number | null
  /** Whether the visitor has the key, and sees private repositories, too. */
  areAll: boolean
}

type Request = { owner: string | undefined; from: number; key: string | undefined }

/**
 * The repositories of a stack, or of one owner. Without the key of that page, only public ones are shown. Null for a name that cannot be
 * an owner's. The list is empty if the visitor may see none of the owner's repositories.
 */
export async function listRepositories(
  store: Store,
  { owner: requested, from, key }: Request,
  linkKey: () => Promise<string>,
): Promise<ListedRepositories | null> {
  const owner = requested === undefined ? null : ownerSchema.safeParse(requested).data
  if (owner === undefined) return null
  const secret = await linkKey()
  const areAll = opensPath(ownerPath(owner), key, secret)
  const listed = await listProjects(store, owner, MOST_NAMES)
  const projects = listed.filter(project => projectSchema.safeParse(project).success).slice(0, MOST_COUNTED)
  const days = await Promise.all(
    projects.map(async project => ({ project, day: await lastDay(store, project) })),
  )
  const built = days
    .flatMap(({ project, day }) => (day === null ? [] : [{ project, day }]))
    .toSorted((one, other) => other.day.localeCompare(one.day))
  const names = built.map(({ project }) => project)
  const keyOf = areAll ? (path: string) => keyOfPath(path, secret) : null
  const open = (project: string) =>
    openRepository(store, { project, pathOf: repositoryPath }, keyOf?.(repositoryPath(project)), linkKey)
  const { page, isLast } = await (areAll ? pageOf : publicPageOf)(names, from, open)
  const found = await Promise.all(page.map(opened => read(store, opened, secret)))
  const next = isLast ? null : from + SHOWN
  return { owner, repositories: found.toSorted(byNewest), next, areAll }
}

type Page = { page: OpenedRepository[]; isLast: boolean }
type Open = (project: string) => Promise<OpenedRepository | null>

async function pageOf(projects: readonly string[], from: number, open: Open): Promise<Page> {
  const opened = await Promise.all(projects.slice(from, from + SHOWN).map(open))
  return { page: opened.filter(each => each !== null), isLast: projects.length <= from + SHOWN }
}

/** For visitors without a key, counts only repositories that they may see, so that private ones leave no gaps. */
async function publicPageOf(projects: readonly string[], from: number, open: Open): Promise<Page> {
  const found: OpenedRepository[] = []
  for (let at = 0; at < projects.length && found.length <= from + SHOWN; at += SHOWN)
    found.push(...(await pageOf(projects, at, open)).page)
  return { page: found.slice(from, from + SHOWN), isLast: found.length <= from + SHOWN }
}

const byNewest = (one: ListedRepository, other: ListedRepository) =>
  (other.newest?.queuedAt ?? '').localeCompare(one.newest?.queuedAt ?? '')

async function read(store: Store, opened: OpenedRepository, secret: string): Promise<ListedRepository> {
  const { project, visible, isPrivate } = opened
  const [newest, stages] = await Promise.all([
    newestVisible(opened),
    listStages(store, project, STAGES).then(states => shownStages(states, visible)),
  ])
  const linked = (target: string) => (isPrivate ? `${target}?key=${keyOfPath(target, secret)}` : target)
  return {
    repository: opened.newest.repository,
    isPrivate,
    newest,
    stages,
    link: linked(repositoryPath(project)),
    linkTo: number => linked(buildPath({ project, number })),
  }
}

async function newestVisible({ project, newest, visible }: OpenedRepository): Promise<View | null> {
  const oldest = Math.max(1, newest.number - MOST_TRIED + 1)
  for (let number = newest.number; number >= oldest; number--) {
    const build = await readBuild(visible.store, { project, number })
    // A build that only repeats a job says nothing about its repository.
    if (build?.repeats || !(await visible.mayShow(number))) continue
    const records = await readRecords(visible.store, { project, number })
    return records && viewOf(records)
  }
  return null
}
