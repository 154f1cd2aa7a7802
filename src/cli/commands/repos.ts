import { escapeControls } from '../../model/escape-controls.ts'
import { lastNumber } from '../../records/counter.ts'
import { jsonOf } from '../../records/json-view.ts'
import { readRecords } from '../../records/read-records.ts'
import { listProjects } from '../../records/repository-records.ts'
import type { Store } from '../../records/store.ts'
import { type View, viewOf } from '../../records/view.ts'
import { describeSubject } from '../../records/wording.ts'
import { describeMoment } from '../describe-moment.ts'
import { type Io, jsonText, printLine, styleFor } from '../io.ts'
import { tableOf } from '../table.ts'
import { colorOf } from './builds.ts'
import { findStack, type StackOptions } from './find-stack.ts'

/** How many repositories are read at once. */
const BATCH = 10

/** `lambci repos`: lists the repositories that have been built, those with the newest builds first. */
export async function printRepositories(options: StackOptions & { json?: boolean }, io: Io): Promise<number> {
  using stack = await findStack(options, io)
  const newest = await newestBuilds(stack.store)
  if (options.json)
    printLine(
      io,
      jsonText(
        newest.map(view => ({ repository: view.repository, builds: view.number, newest: jsonOf(view) })),
      ),
    )
  else if (newest.length === 0)
    printLine(io, 'Nothing has been built yet. Run "lambci hook add owner/repo", and push a commit.')
  else printLine(io, describe(newest, io))
  return 0
}

async function newestBuilds(store: Store): Promise<View[]> {
  const projects = await listProjects(store, null)
  const found: View[] = []
  for (let from = 0; from < projects.length; from += BATCH) {
    const views = projects.slice(from, from + BATCH).map(project => newestOf(store, project))
    found.push(...(await Promise.all(views)).filter(view => view !== null))
  }
  return found.toSorted((one, other) => other.queuedAt.localeCompare(one.queuedAt))
}

async function newestOf(store: Store, project: string): Promise<View | null> {
  const number = await lastNumber(store, project)
  const records = number > 0 ? await readRecords(store, { project, number }) : null
  return records && viewOf(records)
}

function describe(newest: readonly View[], io: Io): string {
  const rows = newest.map(view => [
    view.repository,
    `#${view.number}`,
    { text: view.status, color: colorOf(view) },
    describeMoment(view.queuedAt),
    escapeControls(describeSubject(view)),
  ])
  return tableOf(['REPOSITORY', 'NEWEST', 'STATUS', 'QUEUED (UTC)', 'BRANCH'], rows, styleFor(io))
}
