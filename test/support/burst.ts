import { join } from 'node:path'
import { expect } from 'vitest'
import { readLockHolder } from '../../src/deploy/lock.ts'
import { readQueue } from '../../src/deploy/queue.ts'
import { listDeployments, readCurrent } from '../../src/records/deployments.ts'
import { readReport } from '../../src/records/read-records.ts'
import { lambciJson, type TestSystem } from './test-system.ts'

const countOf = (pushes: number) => `count() { mapfile -t lines < "$CALLS.begun"; begun=\${#lines[@]}; }
await() { count; while [ $begun -lt $(($1 < ${pushes} ? $1 : ${pushes})) ]; do sleep 0.2; count; done; }`
/** A test that runs until `lasts` more tests have begun. Of each `lasts` + 1 tests, the last one fails. */
const testOf = (pushes: number, lasts: number) => `${countOf(pushes)}
echo "$LAMBCI_BUILD_NUM" >> "$CALLS.begun"
await $((LAMBCI_BUILD_NUM + ${lasts}))
[ $((LAMBCI_BUILD_NUM % ${lasts + 1})) != 0 ]`
/** A deploy command that goes on as long, and records its begin and end, so that overlapping deploys are noticed. */
const deployOf = (pushes: number, lasts: number) => `${countOf(pushes)}
count
echo "begin $LAMBCI_BUILD_NUM $LAMBCI_COMMIT $begun" >> "$CALLS"
await $((begun + ${lasts}))
echo "end $LAMBCI_BUILD_NUM" >> "$CALLS"`

/**
 * Pushes to one branch while builds go on, and checks that its stage keeps getting the newest green one.
 * @param lasts how many pushes a build lasts, and a deploy
 * @param pushes a multiple of one more than that
 */
export async function playBurst(ci: TestSystem, pushes: number, lasts: number): Promise<void> {
  const calls = join(ci.directory, `calls-${pushes}`)
  const repository = `ada/burst-${pushes}`
  const project = `gh/${repository}`
  const stage = { project, stage: 'dev' }
  const { store } = ci.system
  const linesIn = async (path: string) =>
    (await ci.read(path).catch(() => '')).split('\n').filter(line => line !== '')
  const isOver = (begun: number, push: number) => push >= Math.min(begun + lasts, pushes)
  /**
   * Whether a push has had all its effects: each build whose test it ended has ended or has got to its stage, and the stage
   * is deployed by a command that goes on, or by none. So the machine's speed decides nothing about the order of events.
   */
  const isSettled = async (push: number) => {
    const [kind, , , begun] = (await linesIn(calls)).at(-1)?.split(' ') ?? []
    const holder = await readLockHolder(store, stage, new Date())
    const { waiting } = await readQueue(store, stage)
    const there = [holder, ...waiting].flatMap(each => each?.build ?? [])
    if (kind === 'begin' ? isOver(Number(begun), push) : there.length > 0) return false
    for (let number = 1; number < push; number++) {
      if (!isOver(number, push) || there.includes(number)) continue
      if (!(await readReport(store, { project, number }))?.isClosed) return false
    }
    return true
  }
  const at = await ci.write(
    lambciJson(testOf(pushes, lasts), {
      stages: { master: 'dev' },
      deploy: deployOf(pushes, lasts),
      env: { CALLS: calls },
    }),
  )
  const commits: string[] = []
  for (let push = 1; push <= pushes; push++) {
    commits.push(await ci.push(at, repository, 'master', {}, `Push ${push}`))
    await ci.until(`the tests of push ${push}`, async () => (await linesIn(`${calls}.begun`)).length >= push)
    await ci.until(`all that follows from push ${push}`, () => isSettled(push))
  }
  const views = await Promise.all(commits.map((_, index) => ci.ended({ project, number: index + 1 })))
  // Every build has ended and is reported, and there are no others: one that waited has deployed itself.
  expect(await ci.view({ project, number: pushes + 1 })).toBeNull()
  for (const { number, trigger, status, deploy, commit } of views) {
    const isRed = number % (lasts + 1) === 0
    expect([number, trigger, status]).toEqual([number, 'push/master', isRed ? 'failed' : 'passed'])
    if (isRed) expect(deploy).toBeNull()
    else expect(['succeeded', 'cancelled']).toContain(deploy?.status)
    expect((await ci.statuses(repository, commit)).at(-1)).toMatch(
      isRed
        ? /^failure /
        : deploy?.status === 'succeeded'
          ? /^success .*, deployed to dev/
          : /^success .*not deployed to dev: superseded by #\d+/,
    )
  }
  // The newest green one is there in the end.
  const newest = pushes - 1
  const current = await readCurrent(store, stage)
  expect(current?.deployed).toMatchObject({ build: newest, commit: commits[newest - 1], status: 'succeeded' })

  const lines = await linesIn(calls)
  const begun = lines.filter((_, at) => at % 2 === 0).map(line => line.split(' '))
  expect(lines.filter((_, at) => at % 2 === 1)).toEqual(begun.map(([, number]) => `end ${number}`))
  // It moves on at least every two builds' time, and never back.
  const moments = [0, ...begun.map(each => Number(each[3])), pushes]
  const gaps = moments.slice(1).map((moment, at) => moment - (moments[at] ?? 0))
  expect(Math.max(...gaps), moments.join()).toBeLessThanOrEqual(2 * lasts)
  const sequence = begun.map(([, , commit = '']) => commits.indexOf(commit))
  expect(sequence).toEqual(sequence.toSorted((one, other) => one - other))
  // The ledger, the builds, the page and GitHub agree.
  const recorded = await listDeployments(store, stage, 100)
  expect(recorded.toReversed().map(({ commit }) => commits.indexOf(commit))).toEqual(sequence)
  const deployed = views
    .filter(({ deploy }) => deploy?.status === 'succeeded')
    .map(({ number }) => number - 1)
  expect(deployed).toEqual(sequence)
  const onGitHub = (await ci.api('GET', `/repos/${repository}/deployments?per_page=100`)) as { sha: string }[]
  expect(onGitHub.map(({ sha }) => commits.indexOf(sha)).toSorted((one, other) => one - other)).toEqual(
    sequence,
  )
  const page = await (
    await fetch(`${ci.system.addresses.url}/${project}`, { headers: { accept: 'text/html' } })
  ).text()
  expect(page).toMatch(new RegExp(`dev(<[^>]*>|\\s)*${commits[newest - 1]?.slice(0, 10)}`))
  expect(await readLockHolder(store, stage, new Date())).toBeNull()
}
