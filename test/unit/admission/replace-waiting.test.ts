import { beforeEach, expect, test, vi } from 'vitest'
import { replaceWaiting } from '../../../src/admission/replace-waiting.ts'
import type { Build } from '../../../src/model/build.ts'
import { approve } from '../../../src/records/approval.ts'
import { readCancelRequest, requestCancel } from '../../../src/records/cancel-request.ts'
import { buildKeys } from '../../../src/records/keys.ts'
import { readRecords } from '../../../src/records/read-records.ts'
import { recordBuild, recordEnd } from '../../../src/records/trigger-record.ts'
import { viewOf } from '../../../src/records/view.ts'
import { describeStatus } from '../../../src/records/wording.ts'
import { openCommitWorld } from '../../support/commit-world.ts'
import { AT, FORKED, makeBuild, reportOf } from '../../support/records.ts'
import { commitOf, ReportWorld, STAGE } from '../../support/report-world.ts'

const LINE = [...'abcdef'].map(commitOf)
const [A = '', B = ''] = LINE
const BUILD = { project: STAGE.project, number: 7 }
let world: ReturnType<typeof openCommitWorld>

beforeEach(async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  world = openCommitWorld(LINE)
  // All but the first one wait.
  await world.store.put('config/global.json', '{"allow":["ada"],"maxBuildsPerDay":1}', 'application/json')
  await world.passed(await world.arrive('push/other', A))
})

async function arriveAll(trigger: string, commits: readonly string[]): Promise<Build[]> {
  const builds: Build[] = []
  for (const commit of commits) builds.push(await world.arrive(trigger, commit, 'topic'))
  return builds
}
const statusOf = async (build: Build) => {
  const records = await readRecords(world.store, build)
  return records && describeStatus(viewOf(records))
}
const statusesOf = (builds: readonly Build[]) => Promise.all(builds.map(statusOf))

test.each<[string, string[]]>([
  ['of one commit', Array.from({ length: 8 }, () => B)],
  ['of several commits', LINE],
])('of the builds of a pull request that wait, the newest replaces the others: %s', async (_, commits) => {
  const builds = await arriveAll('pr/1', commits)
  const statuses = await statusesOf(builds)
  expect(statuses.slice(0, -1)).toEqual(builds.slice(1).map(({ number }) => `Superseded by #${number}`))
  expect(statuses.at(-1)).toMatch(/^Waits for approval/)
  expect(world.shown.get(`${commits.at(-1)?.[0]} lambci/pr`)).toMatch(/^pending: Waits for approval/)
  await world.close('pr/1')
  expect(await statusOf(builds.at(-1) as Build)).toBe('Not approved: the pull request was closed')
})

test('a push that arrives late does not replace the newer one, and is replaced by it', async () => {
  const { store, compare, now } = new ReportWorld('ab')
  const late = makeBuild({ ...FORKED, number: 8, commit: A, baseCommit: null, approval: 'stranger' })
  const builds = [late, { number: 7, commit: B }].map(each => ({ ...each, isArrival: true, waits: true }))
  await replaceWaiting(late, builds, { store, compare, now })
  expect(await readCancelRequest(store, BUILD)).toBeNull()
  expect(await readCancelRequest(store, late)).toMatchObject({ why: 'Superseded by #7', supersededBy: 7 })
})

test('a build that was approved and has started is not replaced', async () => {
  const { store, compare, now, put } = new ReportWorld('ab')
  await put(buildKeys(BUILD).report, reportOf({ publications: 1 }))
  const build = makeBuild({ ...FORKED, number: 8, commit: A, approval: 'stranger' })
  const earlier = { number: 7, commit: A, isArrival: true, waits: true }
  await replaceWaiting(build, [earlier], { store, compare, now })
  expect(await readCancelRequest(store, BUILD)).toBeNull()
})

test('closing a pull request ends the build that waits, whatever was requested after it', async () => {
  const [build, last] = (await arriveAll('pr/1', [B, B])) as [Build, Build]
  for (let count = 0; count < 8; count++) await world.passed(await world.rebuild(build))
  await world.close('pr/1')
  expect(await statusesOf([build, last])).toEqual([
    `Superseded by #${last.number}`,
    'Not approved: the pull request was closed',
  ])
})

test('a push to a branch replaces no build of an earlier commit that waits there', async () => {
  const builds = await arriveAll('push/master', [A, A])
  expect(await statusesOf(builds)).toEqual([
    expect.stringMatching(/^Waits for approval/),
    expect.stringMatching(/^Waits for approval/),
  ])
})

const TRIGGER = { project: STAGE.project, trigger: 'pr/12' }
const later = (number: number, letter: string) => ({ ...TRIGGER, number, commit: commitOf(letter) })
type Row = [string, (store: ReportWorld['store']) => Promise<unknown>, string | null]

test.each<Row>([
  ['nothing has happened since', async () => {}, null],
  [
    'the pull request is closed',
    store => recordEnd(store, TRIGGER),
    'Not approved: the pull request was closed',
  ],
  [
    'a newer build has arrived',
    store => recordBuild(store, later(8, 'b'), true),
    'Not approved: #8 is newer',
  ],
  ['a person has rebuilt an earlier one', store => recordBuild(store, later(8, 'a'), false), null],
  [
    'a later one was found to be older',
    async store => {
      await recordBuild(store, later(8, 'b'), true)
      const request = { by: 'lambci', why: 'Superseded by #7', supersededBy: 7, at: AT }
      await requestCancel(store, { ...BUILD, number: 8 }, request)
    },
    null,
  ],
])('an approval counts only for the newest build of an open pull request: %s', async (_, change, refusal) => {
  const report = new ReportWorld('ab')
  await report.build(7, 'a', null, { ...FORKED, approval: 'stranger' })
  await recordBuild(report.store, later(7, 'a'), true)
  // What has woken report of it was lost.
  await change(report.store)
  await approve(report.store, BUILD, { number: 7, commit: commitOf('a'), by: 'ada', at: AT })
  await report.report(7)
  expect(report.jobs).toHaveLength(refusal === null ? 1 : 0)
  expect((await report.endOf(7))?.reason ?? null).toBe(refusal)
})
