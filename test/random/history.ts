import { readRecords } from '../../src/records/read-records.ts'
import { viewOf } from '../../src/records/view.ts'
import { GitWorld, type Hook } from './git-world.ts'
import { isEnd, Product } from './product.ts'
import { seeded } from './seeded.ts'
import { violations } from './violations.ts'

const MOST_STEPS = 5000

/** Only of a job that has died is it said that it died. */
async function slandered({ store, project, died }: Product): Promise<string[]> {
  const wrong: string[] = []
  for (let number = 1; ; number++) {
    const records = await readRecords(store, { project, number })
    if (!records) return wrong
    const { reason, jobs } = viewOf(records)
    const found = [reason, ...jobs.map(job => job.reason)].find(each => each?.includes('The job died: '))
    if (found && !died.has(number)) wrong.push(`#${number}: "${found}", but none of its jobs has died.`)
  }
}

/** Plays one random history to its end. Returns what is wrong then, as sentences; none if all is well. */
export async function playHistory(seed: number): Promise<string[]> {
  const random = seeded(seed)
  let world: GitWorld | undefined
  const product = new Product(random, () => world as GitWorld)
  const maxRunningJobs = random.chance(0.2) ? 1 + random.below(2) : 100
  const maxBuildsPerDay = random.chance(0.1) ? 2 + random.below(4) : 1000
  const settings = { allow: ['*'], deployBranches: ['master'], maxRunningJobs, maxBuildsPerDay }
  await product.store.put('config/global.json', JSON.stringify(settings), 'application/json')
  const receive = (hook: Hook) => {
    product.hooks.push(hook)
    // GitHub delivers again what somebody asks for, with the same id.
    if (random.chance(0.08) && hook.kind !== 'close' && hook.kind !== 'delete') product.hooks.push(hook)
  }
  world = new GitWorld(random, receive, product.move)
  // Some stacks have an App that may make check runs, and some get it while builds are running.
  const since = [Number.POSITIVE_INFINITY, 0, product.now().getTime() + 30 * 60_000][seed % 3] ?? 0
  world.checks.allow(() => product.now().getTime() >= since)
  // Now and then, people deploy more than they push.
  const byHand = random.chance(0.15) ? 0.8 : 0.12
  for (let left = 4 + random.below(10); left > 0; left--) {
    if (random.chance(0.02)) world.crowd()
    else world.act()
    if (random.chance(0.2)) await product.rebuild()
    if (random.chance(0.08)) product.redeliver()
    if (random.chance(byHand)) await product.deploy()
    if (random.chance(0.06)) await product.cancel()
    if (random.chance(0.3)) await product.approve()
    if (random.chance(0.03)) await product.hold()
    // Sometimes all that has begun comes to its end before the next thing happens.
    const most = random.chance(0.4) ? MOST_STEPS : random.below(8)
    for (let steps = most; steps > 0 && product.pending > 0; steps--) await product.step()
  }
  for (let steps = 0; product.pending > 0 || product.advance(); steps++) {
    if (steps > MOST_STEPS) return ['It does not come to an end.']
    if (product.pending > 0) await product.step()
  }
  const untold = [...product.notified].flatMap(([number, notified]) =>
    isEnd(notified) ? [] : [`People were last told of #${number}: ${notified}.`],
  )
  const wrong = [...product.wrong, ...world.checks.wrong]
  return [...wrong, ...untold, ...(await slandered(product)), ...(await violations(product, world))]
}
