import { readQueue } from '../../src/deploy/queue.ts'
import { readSummary } from '../../src/records/branch-summary.ts'
import { readCurrent } from '../../src/records/deployments.ts'
import { stageKeys } from '../../src/records/keys.ts'
import { readRecords } from '../../src/records/read-records.ts'
import type { Store } from '../../src/records/store.ts'
import { type View, viewOf } from '../../src/records/view.ts'
import { isNotApproved, isRed, isSuperseded } from '../../src/records/wording.ts'
import type { GitWorld } from './git-world.ts'

/** A deploy whose command has begun. `hasSucceeded` is null if its process has died. */
type Deployed = { number: number; commit: string; isByHand: boolean; hasSucceeded: boolean | null }
/** What has happened in the product. */
export type Played = {
  store: Store
  project: string
  /** In the order in which they began. */
  deploys: readonly Deployed[]
  /** The numbers of builds that repeat others: rebuilds, and redeliveries of pushes that were built before. */
  repeats: ReadonlySet<number>
  wasHeld: boolean
}
/** What has happened on GitHub. */
export type Truth = Pick<GitWorld, 'heads' | 'pulls' | 'shown' | 'shownPending' | 'rewritten' | 'relate'>

/** What must hold once nothing is left to happen, by a model that knows nothing of how it is done. */
export async function violations(product: Played, world: Truth): Promise<string[]> {
  const views = await allViews(product)
  return [
    ...unended(views),
    ...pending(world),
    ...untrue(views, world),
    ...(await outdated(product, views, world)),
    ...setBack(product, world),
    ...untested(product, views),
    ...unexplained(product, views, world),
    ...(await misplaced(product, views, world)),
    ...(await locked(product)),
  ]
}

async function allViews({ store, project }: Played): Promise<View[]> {
  const views: View[] = []
  for (let number = 1; ; number++) {
    const records = await readRecords(store, { project, number })
    if (!records) return views
    views.push(viewOf(records))
    if (!records.report?.isClosed) views.push({ ...viewOf(records), status: 'running', number: -number })
  }
}

const unended = (views: View[]) =>
  views.filter(({ number }) => number < 0).map(({ number }) => `#${-number} was never reported to its end.`)

const pending = ({ shown }: Truth) =>
  [...shown].flatMap(([where, { state }]) => (state === 'pending' ? [`${where} stays pending.`] : []))

const contextOf = ({ pullRequest }: View) => (pullRequest === null ? 'lambci/push' : 'lambci/pr')

const placeOf = (view: View) => `${view.commit} ${contextOf(view)}`

/** The newest build of each branch and each open pull request that is at a commit now. */
function standing(views: View[], { heads, pulls }: Truth): View[] {
  const places = [
    ...[...heads].flatMap(([branch, commit]) =>
      branch.includes(':') ? [] : [{ trigger: `push/${branch}`, commit }],
    ),
    ...pulls.flatMap(({ number, head, isOpen }) => {
      const commit = heads.get(head)
      return isOpen && commit ? [{ trigger: `pr/${number}`, commit }] : []
    }),
  ]
  return places.flatMap(
    ({ trigger, commit }) =>
      views.findLast(view => view.number > 0 && view.trigger === trigger && view.commit === commit) ?? [],
  )
}

const isSkipped = ({ status }: View) => status === 'skipped'
type IsSilent = (view: View) => boolean
const isSilent: IsSilent = view => isSkipped(view) && view.approval === null

/**
 * One that is skipped after somebody has approved it ends what people were told before. If GitHub never showed that it waits, it may
 * have been approved before report could say so, and then says nothing.
 */
function silences(views: View[], shownPending: ReadonlySet<number>): IsSilent[] {
  const isUnknown = (view: View) => isSkipped(view) && !shownPending.has(view.number)
  return views.some(view => isUnknown(view) && !isSilent(view))
    ? [isSilent, view => isSilent(view) || isUnknown(view)]
    : [isSilent]
}

/** No green covers a red of the same rank, and no red stands where all is green. */
function untrue(views: View[], world: Truth): string[] {
  const places = Map.groupBy(standing(views, world), placeOf)
  return [...places].flatMap(([where, all]) => {
    const state = world.shown.get(where)?.state
    const shown = state === 'failure' || state === 'error' ? 'red' : state
    const expected = silences(all, world.shownPending).flatMap(isSilent => statesOf(all, views, isSilent))
    const builds = all.map(({ number, trigger, status }) => `#${number} ${trigger} ${status}`).join(', ')
    return expected.includes(shown)
      ? []
      : [`${where} is ${state}, and ${expected.join(' or ')} would be true: ${builds}.`]
  })
}

/** What a status may say of these builds of one commit. A skipped one counts only if it replaces an earlier status. */
function statesOf(all: View[], views: View[], isSilent: IsSilent): (string | undefined)[] {
  const reported = views.filter(
    view =>
      // What only deploys says nothing of its commit.
      view.number > 0 && !view.target && !isSilent(view) && all[0] && placeOf(view) === placeOf(all[0]),
  )
  const counting = all.filter(view => !isSilent(view))
  const hasReplaced = all.some(
    view =>
      isSilent(view) && reported.some(each => each.trigger === view.trigger && each.number < view.number),
  )
  if (reported.length === 0) return [undefined]
  // This model does not know what still stood, nor what stays because nobody says anything now.
  const nothing = reported.every(isSkipped) ? [undefined] : []
  if (counting.length === 0 || hasReplaced) return ['red', 'success', ...nothing]
  const own = counting.filter(({ isFork }) => !isFork)
  const ranked = own.length > 0 ? own : counting
  const stateOf = (some: View[]) =>
    some.some(view => isRed(view) || view.status === 'cancelled' || isSkipped(view)) ? 'red' : 'success'
  const results = ranked.filter(view => !isNotApproved(view))
  const surely = results.filter(view => !mayBeUnstarted(view))
  // What was never started counts only where nothing else was said of the commit, also by a branch or pull request that has left it.
  const hasResult = reported.some(view => !mayBeUnstarted(view))
  const states =
    surely.length > 0
      ? [stateOf(surely), stateOf(results)]
      : hasResult
        ? ['red', 'success']
        : [stateOf(ranked)]
  // One that was approved before report said that it waits, and then skipped, says nothing: nobody was told anything.
  return [...states, ...nothing]
}

/** Whether a build has ended without having been claimed. One that was approved may have been started before. */
const mayBeUnstarted = ({ approval, status, runner }: View) =>
  approval !== null && status === 'cancelled' && runner === null

/** The newest in git is the newest everywhere: no head ends as superseded, and the branch's summary is its head's. */
async function outdated({ store, project }: Played, views: View[], world: Truth): Promise<string[]> {
  const heads = standing(views, world)
  const superseded = heads
    .filter(isSuperseded)
    .map(({ number, trigger, reason }) => `#${number} is the head of ${trigger}, but ended as "${reason}".`)
  const pushed = heads.filter(view => view.pullRequest === null && !isSkipped(view))
  const summaries = await Promise.all(
    pushed.map(async ({ branch, commit }) => {
      const summary = await readSummary(store, project, branch)
      return summary?.commit === commit
        ? []
        : [`The summary of ${branch} is of #${summary?.number}, not of its head.`]
    }),
  )
  return [...superseded, ...summaries.flat()]
}

const short = (commit: string) => commit.slice(0, 6)

/**
 * Only a person moves a stage back, unless the branch was set back itself. What a person has deployed is replaced only by what
 * was pushed later.
 */
function setBack({ deploys }: Played, world: Truth): string[] {
  return deploys.flatMap((deploy, index) => {
    const before = deploys[index - 1]
    if (!before || deploy.isByHand) return []
    const isOlder = !world.rewritten.has('master') && world.relate(before.commit, deploy.commit) === 'behind'
    const over = `#${deploy.number} (${short(deploy.commit)}) was deployed over #${before.number} (${short(before.commit)})`
    if (isOlder) return [`${over}, its descendant.`]
    return before.isByHand && before.number > deploy.number
      ? [`${over}, for which a person had asked later.`]
      : []
  })
}

/** Whether all that comes before a deploy has passed. */
const isGreen = ({ jobs, exit }: View) => {
  const tests = jobs.filter(({ isDeploy }) => !isDeploy)
  return jobs.length > 0
    ? tests.every(({ status }) => status === 'passed')
    : exit?.kind === 'exited' && exit.code === 0
}

/** Whatever is deployed has passed its tests, also if a person has asked for it. */
const untested = ({ deploys }: Played, views: View[]): string[] =>
  deploys.flatMap(({ number }) => {
    const of = views.find(view => view.number === number)?.target?.of ?? number
    const tested = views.find(view => view.number === of)
    return tested && isGreen(tested)
      ? []
      : [`#${number} was deployed, and the tests of #${of} have not passed.`]
  })

/** Why a deploy of a green build did not run, as far as that can be told from outside. */
const LOST =
  /^(The job died: |The deploy never started|The job never started|The stage .+ was not free in time$|GitHub has not said for an hour)/

/** Every green build of the stage's branch was deployed, or says why not, and that is true. What says that it was deployed was. */
function unexplained({ deploys, repeats, wasHeld }: Played, views: View[], world: Truth): string[] {
  return views.flatMap(view => {
    const { number, trust, deploy, target, commit } = view
    if (number < 0 || trust !== 'protected') return []
    const own = deploys.find(each => each.number === number)
    const wants = isGreen(view) && view.status !== 'skipped' && (target === null || view.jobs.length > 0)
    if (!deploy) return own || wants ? [`#${number} (${view.status}) says nothing of its deploy.`] : []
    const { status } = deploy
    const reason = deploy.reason ?? ''
    const sentence = `#${number} says that its deploy is ${status} (${reason})`
    const isRepeat = status === 'cancelled' && reason === 'A rebuild only tests'
    if (isRepeat !== repeats.has(number)) return [`${sentence}, and it is ${isRepeat ? 'no' : 'a'} rebuild.`]
    if (isRepeat) return own ? [`${sentence}, but it ran.`] : []
    if (status === 'running' || status === 'waiting') return [`${sentence}.`]
    if (status === 'succeeded') return own?.hasSucceeded ? [] : [`${sentence}, but it has not succeeded.`]
    if (status === 'failed') {
      if (own) return own.hasSucceeded && !LOST.test(reason) ? [`${sentence}, but it has succeeded.`] : []
      return LOST.test(reason) ? [] : [`${sentence}, but it never ran.`]
    }
    if (own) return [`${sentence}, but it ran.`]
    const [, by] = /^Superseded by #(\d+)$/.exec(reason) ?? []
    const other =
      deploys.find(each => each.number === Number(by)) ?? views.find(each => each.number === Number(by))
    if (other) {
      const isRightly =
        world.rewritten.has('master') ||
        world.relate(commit, other.commit) === 'ahead' ||
        (views.find(each => each.number === Number(by))?.target && Number(by) > number)
      return isRightly ? [] : [`${sentence}, but #${by} is neither newer nor asked for later.`]
    }
    const isGone = world.rewritten.has(view.branch) && /^Commit \w{10} is no longer on branch /.test(reason)
    return isGone || (wasHeld && reason === 'Held by ada') || reason === 'Cancelled by ada'
      ? []
      : [`${sentence}, which is not true.`]
  })
}

/** A stage ends with the branch's head if that is green, or with what a person has deployed since; and its record says so. */
async function misplaced(
  { store, project, deploys, repeats }: Played,
  views: View[],
  world: Truth,
): Promise<string[]> {
  const current = await readCurrent(store, { project, stage: 'dev' })
  // What only repeats a build is not deployed.
  const pushed = views.filter(({ number }) => !repeats.has(number))
  const head = standing(pushed, world).find(({ trigger }) => trigger === 'push/master')
  const last = deploys.at(-1)
  const wrong: string[] = []
  const wasTried =
    head?.deploy?.status === 'succeeded' || deploys.some(({ number }) => number === head?.number)
  const isWithheld = head && !wasTried && !isRight(head, views)
  if (head?.deploy && isGreen(head) && isWithheld)
    wrong.push(
      `The stage has ${last && short(last.commit)} (#${last?.number}), not the head of master (#${head.number}: ${head.deploy.status}, ${head.deploy.reason}).`,
    )
  const since = deploys.slice(deploys.findLastIndex(({ commit }) => commit === head?.commit) + 1)
  if (wasTried && head && last && last.commit !== head.commit && !since.some(each => each.isByHand))
    wrong.push(`The stage went from the head of master (#${head.number}) to #${last.number}.`)
  const deployed = deploys.findLast(({ number }) =>
    views.some(view => view.number === number && view.deploy?.status === 'succeeded'),
  )
  if (deployed?.number !== current?.deployed?.build)
    wrong.push(`The record says that #${current?.deployed?.build} is deployed, and #${deployed?.number} is.`)
  if (current?.latest.status === 'running') wrong.push(`The deploy of #${current.latest.build} has no end.`)
  return wrong
}

/** Whether it is right that the head was not deployed: nobody could, or somebody has asked for another deploy since. */
function isRight({ deploy, number, status }: View, views: View[]): boolean {
  const reason = deploy?.reason ?? ''
  const by = views.find(each => reason === `Superseded by #${each.number}`)
  const isByHand = by?.target != null && by.number > number
  return status === 'cancelled' || isByHand || LOST.test(reason) || /^(Cancelled|Held) by ada$/.test(reason)
}

/** Once nothing is left to happen, nobody has a stage, and nobody waits for it. */
async function locked({ store, project }: Played): Promise<string[]> {
  const stage = { project, stage: 'dev' }
  const stored = await store.get(stageKeys(stage).lock)
  const { holder } = stored ? JSON.parse(Buffer.from(stored.body).toString()) : { holder: null }
  const { waiting } = await readQueue(store, stage)
  return [
    ...(holder ? [`#${holder.build} still has the stage.`] : []),
    ...waiting.map(({ build }) => `#${build} still waits for the stage.`),
  ]
}
