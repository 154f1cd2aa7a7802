import { readCurrent } from '../../src/deploy/deployments.ts'
import { readSummary } from '../../src/records/branch-summary.ts'
import { readRecords } from '../../src/records/read-records.ts'
import type { Store } from '../../src/records/store.ts'
import { type View, viewOf } from '../../src/records/view.ts'
import { isRed, isSuperseded } from '../../src/records/wording.ts'
import type { GitWorld } from './git-world.ts'

/** What has happened in the product. */
export type Played = { store: Store; project: string; deploys: readonly { commit: string }[] }
/** What has happened on GitHub. */
export type Truth = Pick<GitWorld, 'heads' | 'pulls' | 'shown' | 'rewritten' | 'relate'>

/** What must hold once nothing is left to happen, by a model that knows nothing of how it is done. */
export async function violations(product: Played, world: Truth): Promise<string[]> {
  const views = await allViews(product)
  return [
    ...unended(views),
    ...pending(world),
    ...untrue(views, world),
    ...(await outdated(product, views, world)),
    ...(await setBack(product, views, world)),
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

/** No green covers a red of the same rank, and no red stands where all is green. */
function untrue(views: View[], world: Truth): string[] {
  const places = Map.groupBy(standing(views, world), placeOf)
  return [...places].flatMap(([where, all]) => {
    const state = world.shown.get(where)?.state
    const shown = state === 'failure' || state === 'error' ? 'red' : state
    const expected = statesOf(all, views)
    const builds = all.map(({ number, trigger, status }) => `#${number} ${trigger} ${status}`).join(', ')
    return expected.includes(shown)
      ? []
      : [`${where} is ${state}, and ${expected.join(' or ')} would be true: ${builds}.`]
  })
}

/** What a status may say of these builds of one commit. A skipped one counts only if it replaces an earlier status. */
function statesOf(all: View[], views: View[]): (string | undefined)[] {
  const reported = views.filter(
    view => view.number > 0 && !isSkipped(view) && all[0] && placeOf(view) === placeOf(all[0]),
  )
  const counting = all.filter(view => !isSkipped(view))
  const hasReplaced = all.some(
    view =>
      isSkipped(view) && reported.some(each => each.trigger === view.trigger && each.number < view.number),
  )
  if (reported.length === 0) return [undefined]
  // This model does not know what still stood, nor what stays because nobody says anything now.
  if (counting.length === 0 || hasReplaced) return ['red', 'success']
  const own = counting.filter(({ isFork }) => !isFork)
  const worst = (own.length > 0 ? own : counting).some(view => isRed(view) || view.status === 'cancelled')
  return [worst ? 'red' : 'success']
}

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

/** A stage ends with the branch's head if that is green, and never goes back unless the branch did. */
async function setBack(product: Played, views: View[], world: Truth): Promise<string[]> {
  const wrong: string[] = []
  if (!world.rewritten.has('master'))
    for (const [index, { commit }] of product.deploys.entries()) {
      const before = product.deploys[index - 1]?.commit
      if (before && world.relate(before, commit) === 'behind')
        wrong.push(`${commit.slice(0, 6)} was deployed over ${before.slice(0, 6)}, its descendant.`)
    }
  const head = standing(views, world).find(({ trigger }) => trigger === 'push/master')
  const current = await readCurrent(product.store, { project: product.project, stage: 'dev' })
  // Of what has died, or waited for too long, nobody can say that it is there.
  const isLost = /The job died|was not free in time/.test(head?.deploy?.reason ?? head?.reason ?? '')
  const isGreen = head && !isLost && head.exit?.kind === 'exited' && head.exit.code === 0
  if (isGreen && current?.latest.commit !== head.commit)
    wrong.push(
      `The stage has ${current?.latest.commit.slice(0, 6)} (#${current?.latest.build}), not the head of master (#${head.number}).`,
    )
  return wrong
}
