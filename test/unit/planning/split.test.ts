import { expect, test } from 'vitest'
import { NO_FILES } from '../../../src/config/files.ts'
import type { JsonObject } from '../../../src/config/json.ts'
import { resolveConfig } from '../../../src/config/resolve.ts'
import { titleOf } from '../../../src/model/job.ts'
import { isPartition, unpackShards } from '../../../src/model/split.ts'
import { assign } from '../../../src/planning/assignment.ts'
import { describePlan } from '../../../src/planning/describe.ts'
import { draftOf } from '../../../src/planning/draft.ts'
import { onlyThese } from '../../../src/planning/file-share.ts'
import { type BuildPlan, planBuild } from '../../../src/planning/plan.ts'
import type { PlanInput } from '../../../src/planning/reason.ts'
import type { Dividing } from '../../../src/planning/split.ts'
import { acceptDraft } from '../../../src/reporting/accept-plan.ts'
import { startedFiles } from '../../../src/reporting/started-files.ts'
import { FORK, PUSH } from '../../support/planning.ts'

const unit = (shards: JsonObject, more: JsonObject = {}) => ({
  unit: { cmd: './test', tests: ['r.xml'], shards: { files: 'test/*.ts', ...shards }, ...more },
})
const tests = (count: number) =>
  Array.from({ length: count }, (_, at) => `test/${String(at).padStart(5, '0')}.ts`)

type Given = { files?: readonly string[]; build?: Partial<PlanInput>; dividing?: Dividing; maxJobs?: number }

function planned(jobs: JsonObject, { files = tests(10), build, dividing, maxJobs }: Given = {}) {
  const config = { ...NO_FILES, lambciJson: JSON.stringify({ jobs }), packageJson: '{}' }
  const subject = { ...PUSH, ...build }
  const resolved = {
    ...resolveConfig({
      build: { ...subject, project: 'gh/o/r' },
      account: { global: maxJobs === undefined ? {} : { maxJobs } },
      base: config,
      head: config,
    }),
    commitFiles: files,
  }
  const plan = planBuild(subject, resolved, dividing)
  return { plan: plan as BuildPlan, resolved, text: describePlan(plan, resolved) }
}
const seconds = (each: number, files = tests(10)): Dividing => ({
  secondsOf: () => new Map(files.map(file => [file, each])),
})
const titles = ({ jobs }: BuildPlan) => jobs.map(titleOf)

test('there are as many shards as the seconds of all files need, at most "max", and at most one for each file', () => {
  const shardsOf = (...given: Parameters<typeof planned>) => planned(...given).plan.splits[0]?.shards
  expect(shardsOf(unit({ target: 30 }), { dividing: seconds(9) })).toBe(3)
  expect(shardsOf(unit({ target: 30 }), { dividing: seconds(9.1) })).toBe(4)
  expect(shardsOf(unit({ target: 30 }), { dividing: seconds(0.001) })).toBe(1)
  expect(shardsOf(unit({ target: 30, max: 2 }), { dividing: seconds(9) })).toBe(2)
  expect(shardsOf(unit({ target: 1 }), { dividing: seconds(60) })).toBe(10)
  // Nobody knows how long they take.
  expect(shardsOf(unit({ max: 6 }))).toBe(6)
  expect(shardsOf(unit({}))).toBe(10)
  expect(shardsOf(unit({}), { files: tests(100) })).toBe(20)
})

test('only files that match are divided; a plan shows how', () => {
  const files = [...tests(3), 'README.md', 'test/deep/a.ts', 'src/a.ts']
  const { plan, text } = planned(unit({ max: 2, target: 45 }), { files, dividing: seconds(30) })
  expect(plan.splits).toEqual([
    { job: 'unit', files: tests(3), shards: 2, shardOf: [1, 2, 1], seconds: 90, wanted: null },
  ])
  expect(titles(plan)).toEqual(['unit (1/2)', 'unit (2/2)'])
  expect(text).toContain(
    'Shards: 2 for 3 files (test/*.ts), which take about 90 seconds; target 45 seconds, at most 2',
  )
})

test('"max" is cut down to what the build may have beside its other jobs, and the plan says so', () => {
  const jobs = { lint: 'true', ...unit({}), node: { cmd: 'true', matrix: { V: [1, 2, 3] } } }
  const given = { files: tests(100), maxJobs: 12 }
  expect(planned(jobs, given).text).toContain(
    'Note       Job unit has 8 shards instead of 20: the build may have 12 jobs.',
  )
  const cells = unit({}, { matrix: { V: [1, 2] } })
  const other = { e2e: { ...unit({ max: 9 }).unit } }
  const { plan } = planned({ lint: 'true', ...cells, ...other }, given)
  // Those with the most shards lose some first.
  expect(plan.splits.map(({ job, shards }) => [job, shards])).toEqual([
    ['unit', 4],
    ['e2e', 3],
  ])
  expect(plan.jobs).toHaveLength(12)
  expect(planned(unit({}), { ...given, build: FORK }).plan.jobs).toHaveLength(5)
  expect(() => planned({ ...jobs }, { ...given, maxJobs: 4 })).toThrow('"jobs" has 5 jobs for this build')
})

test.each<[string, JsonObject, readonly string[], string]>([
  [
    'no file',
    unit({}),
    ['a.ts'],
    'jobs.unit.shards: no file of the commit matches "test/*.ts". Name the test files, or write a number.',
  ],
  ['too many', unit({}), tests(20_001), 'matches 20001 files, and 20000 are allowed.'],
  [
    'a line break',
    unit({}),
    ['test/a\nb.ts'],
    'has a line break or another control character, so that it cannot stand in LAMBCI_FILES.',
  ],
  ['a long path', unit({}), [`test/${'x'.repeat(300)}.ts`], 'has more than 300 characters'],
  [
    'no reports',
    unit({}, { tests: [] }),
    tests(1),
    'jobs.unit.shards has "files", which need "tests": only reports say which of them have run.',
  ],
  [
    'empty reports',
    unit({}, { tests: { files: ['r.xml'], allowEmpty: true } }),
    tests(1),
    'jobs.unit.tests has "allowEmpty", but each file of "shards" must be in a report.',
  ],
  ['a wrong key', unit({ file: 'x' }), tests(1), 'jobs.unit.shards'],
  ['no pattern', unit({ files: [] }), tests(1), 'must not be empty'],
  ['a path outside', unit({ files: '../x' }), tests(1), 'must not contain ".", ".." or an empty part'],
  ['no time', unit({ target: 0 }), tests(1), 'must be at least 1 second'],
  ['too many shards', unit({ max: 257 }), tests(1), 'must be at most 256'],
])('%s is an error that says what to do', (_, jobs, files, message) => {
  expect(() => planned(jobs, { files })).toThrow(message)
})

test('each shard finds the files that report has accepted, however long they take by now', () => {
  const jobs = { lint: 'true', ...unit({ target: 20 }), use: { cmd: 'true', needs: 'unit' } }
  const lead = planned(jobs, { dividing: seconds(6) }).plan
  const draft = draftOf(lead, [])
  const [split] = draft.splits ?? []
  expect(split && isPartition(split, 3)).toBe(true)
  expect(split && unpackShards(split)).toEqual(lead.splits[0]?.shardOf)
  const accepted = acceptDraft({ trust: 'protected' }, draft, 50)
  if ('refused' in accepted) throw new Error(accepted.refused)
  const found = accepted.plan.jobs.map(job => {
    const started = startedFiles(accepted.plan, job)
    const { plan } = planned(jobs, { dividing: { accepted: started.divided ?? [] } })
    expect(titles(plan)).toEqual(titles(lead))
    const { name, cell, shard } = job
    const message = { identity: { name, cell, shard }, ...(started.files && { files: started.files }) }
    return (
      assign(plan, { build: { retryOf: null, target: null, repeats: null }, job: message }, []).job?.files
        ?.own ?? []
    )
  })
  expect(found.map(files => files.length)).toEqual([0, 4, 3, 3, 0])
  expect(found.flat().toSorted()).toEqual(tests(10))
})

test('the lead runs the first shard with its own files; a commit with other files than planned does not run', () => {
  const { plan } = planned(unit({ max: 2 }))
  const build = { retryOf: null, target: null, repeats: null }
  const { job, draft } = assign(plan, { build, job: { identity: null } }, [])
  expect([job?.shard, job?.files]).toEqual([
    { index: 1, count: 2 },
    { all: tests(10), own: tests(10).filter((_, at) => at % 2 === 0) },
  ])
  // Also one that is alone: report is to see its files.
  expect(assign(planned(unit({ max: 1 })).plan, { build, job: { identity: null } }, []).draft).not.toBeNull()
  const accepted = acceptDraft({ trust: 'protected' }, draft ?? draftOf(plan, []), 50)
  if ('refused' in accepted) throw new Error(accepted.refused)
  const [, second] = accepted.plan.jobs
  if (!second) throw new Error('There is no second job')
  const { files, divided = [] } = startedFiles(accepted.plan, second)
  const moved = planned(unit({ max: 2 }), {
    files: [...tests(9), 'test/new.ts'],
    dividing: { accepted: divided },
  })
  const { name, cell, shard } = second
  const start = () => assign(moved.plan, { build, job: { identity: { name, cell, shard }, files } }, [])
  expect(start).toThrow('The test files are no longer those that were planned')
})

test('how long files take changes nothing by which a retry knows its jobs', () => {
  const digestsOf = (dividing: Dividing, max = 20) =>
    draftOf(planned({ ...unit({ target: 20, max }), lint: 'true' }, { dividing }).plan, []).jobs.map(
      ({ digest }) => digest,
    )
  expect(digestsOf(seconds(6))).toEqual(digestsOf(seconds(60)))
  expect(digestsOf(seconds(6))).not.toEqual(digestsOf(seconds(6), 19))
})

test('a job that is only repeated runs these of its files, and all of its own if none is among them', () => {
  const job = { files: { all: ['a', 'b', 'c'], own: ['a', 'b'] } } as unknown as Parameters<
    typeof onlyThese
  >[0]
  const own = (files?: string[]) => onlyThese(job, files).files?.own
  expect(own()).toEqual(['a', 'b'])
  expect(own(['b', 'c', '../x'])).toEqual(['b'])
  expect(own(['c'])).toEqual(['a', 'b'])
})
