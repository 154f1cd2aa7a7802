import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JsonObject } from '../../../src/config/json.ts'
import { titleOf } from '../../../src/model/job.ts'
import { UserError } from '../../../src/model/user-error.ts'
import { planBuild } from '../../../src/planning/plan.ts'
import type { PlanInput } from '../../../src/planning/reason.ts'
import { FORK, PULL, PUSH, plan } from '../../support/planning.ts'
import { runs } from '../../support/runs.ts'

function planned(
  jobs: JsonObject,
  more: JsonObject = {},
  build: Partial<PlanInput> = {},
  global: JsonObject = {},
) {
  const { plan: found } = plan(build, { ...more, jobs }, global)
  if (!found.build) throw new Error(found.reason)
  return found
}
const titles = (...parts: Parameters<typeof planned>) => planned(...parts).jobs.map(titleOf)

test('a job has its own keys, and the defaults of the top level', () => {
  const jobs = {
    lint: 'npm run lint',
    unit: {
      cmd: ['echo 1', 'npm test'],
      env: { B: 2, V: 'job' },
      setup: false,
      matrix: { V: ['cell'] },
      needs: ['build', { job: 'lint', artifacts: [] }],
      timeout: 30,
      retry: 2,
      artifacts: { coverage: { paths: ['coverage'], when: 'always' }, report: ['r.xml'] },
      tests: ['r.xml'],
      cache: [],
      secrets: ['TOKEN'],
      allowFailure: true,
    },
    build: { cmd: 'npm run build', artifacts: ['dist'] },
  }
  const top = { setup: 'npm ci', env: { A: 1 }, timeout: 60, retry: 1, cache: ['~/.npm'] }
  const defaults = {
    cell: {},
    shard: null,
    setup: 'npm ci',
    isStrict: true,
    env: {},
    timeoutSeconds: 60,
    retry: 1,
    needs: [],
    artifacts: [],
    tests: null,
    cache: [{ paths: ['~/.npm'], key: [] }],
    secrets: null,
    access: { role: null, token: null },
    allowFailure: false,
  }
  expect(planned(jobs, top).jobs).toEqual([
    { ...defaults, name: 'lint', command: 'npm run lint' },
    {
      ...defaults,
      name: 'build',
      command: 'npm run build',
      artifacts: [{ name: 'build', paths: ['dist'], when: 'passed' }],
    },
    {
      name: 'unit',
      cell: { V: 'cell' },
      shard: null,
      command: 'echo 1\nnpm test',
      lists: { setup: [], command: ['echo 1', 'npm test'] },
      setup: null,
      isStrict: true,
      env: { B: '2', V: 'cell' },
      timeoutSeconds: 30,
      retry: 2,
      needs: [
        { job: 'build', artifacts: null },
        { job: 'lint', artifacts: [] },
      ],
      artifacts: [
        { name: 'coverage', paths: ['coverage'], when: 'always' },
        { name: 'report', paths: ['r.xml'], when: 'passed' },
      ],
      tests: { files: ['r.xml'], verdict: 'report', allowEmpty: false },
      cache: [],
      secrets: ['TOKEN'],
      access: { role: null, token: null },
      allowFailure: true,
    },
  ])
})

test('each cell and each shard is a job, in the order of the file', () => {
  const jobs = {
    node: { cmd: 'x $NODE', matrix: { NODE: [22, 3.1, true] }, shards: 2 },
    unit: { cmd: 'x', shards: 1 },
  }
  expect(titles(jobs)).toEqual([
    'node (NODE=22, 1/2)',
    'node (NODE=22, 2/2)',
    'node (NODE=3.1, 1/2)',
    'node (NODE=3.1, 2/2)',
    'node (NODE=true, 1/2)',
    'node (NODE=true, 2/2)',
    'unit (1/1)',
  ])
})

test('no job stands before one that it needs, and otherwise the order is that of the file', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  const edges = fc.array(fc.tuple(fc.nat(5), fc.nat(5)), { maxLength: 8 })
  fc.assert(
    fc.property(fc.shuffledSubarray(names, { minLength: 2 }), edges, (order, pairs) => {
      const rank = (name: string) => names.indexOf(name)
      // What a job needs comes before it in the alphabet, so there is no cycle.
      const jobs = Object.fromEntries(
        order.map(name => [
          name,
          {
            cmd: 'x',
            needs: [
              ...new Set(
                pairs
                  .filter(([from, to]) => names[from] === name && to < from)
                  .map(([, to]) => names[to] ?? '')
                  .filter(need => order.includes(need)),
              ),
            ],
          },
        ]),
      )
      const found = titles(jobs)
      expect(found.toSorted()).toEqual(order.toSorted())
      for (const [at, name] of found.entries())
        for (const need of jobs[name]?.needs ?? []) expect(found.indexOf(need)).toBeLessThan(at)
      if (Object.values(jobs).every(({ needs }) => needs.length === 0)) expect(found).toEqual(order)
      expect(rank(found[0] ?? '')).toBeGreaterThanOrEqual(0)
      expect(planned(jobs).jobs[0]?.needs).toEqual([])
    }),
    runs(200),
  )
})

test('failFast and maxParallel', () => {
  expect(planned({ a: 'x' })).toMatchObject({ failFast: true, maxParallel: null })
  expect(planned({ a: 'x' }, { failFast: false, maxParallel: 3 })).toMatchObject({
    failFast: false,
    maxParallel: 3,
  })
})

const TAGGED = { a: { cmd: 'x', on: 'pullRequest' }, b: 'x' }
test.each<[string, JsonObject, Partial<PlanInput>, string | null]>([
  ['on: its event', { on: 'push' }, {}, null],
  ['on: one of several', { on: ['pullRequest', 'push'] }, {}, null],
  [
    'on: another event',
    { on: ['pullRequest', 'mergeGroup'] },
    {},
    'jobs.a.on is for pull requests and merge groups only.',
  ],
  ['on: a pull request', { on: 'push' }, PULL, 'jobs.a.on is for pushes only.'],
  ['on: a merge group', { on: 'mergeGroup' }, { event: 'merge_group' }, null],
  ['branches: the name', { branches: ['main', 'master'] }, {}, null],
  ['branches: one rule', { branches: '/^m/' }, {}, null],
  ['branches: another', { branches: ['main'] }, {}, 'No rule in jobs.a.branches matches "master".'],
  ['branches: the base of a pull request', { branches: ['master'] }, PULL, null],
  ['branches: an object', { branches: { '/^m/': true } }, {}, null],
  [
    'branches: false goes before true',
    { branches: { '/./': true, master: false } },
    {},
    'The rule "master" in jobs.a.branches excludes "master".',
  ],
  ['paths: not known', { paths: ['api'] }, {}, null],
])('%s', (_, rules, build, reason) => {
  const found = planned({ a: { cmd: 'x', ...rules }, b: 'x' }, {}, build)
  expect(found.leftOut).toEqual(reason === null ? [] : [{ name: 'a', reason }])
  expect(found.jobs.map(({ name }) => name)).toEqual(reason === null ? ['a', 'b'] : ['b'])
  expect(found.takingPart.map(({ name }) => name)).toEqual(found.jobs.map(({ name }) => name))
})

test.each<[string[] | null, Partial<PlanInput>, string | null]>([
  [['docs/a.md', 'api/x.ts'], {}, null],
  [['docs/a.md', 'b'], {}, 'None of the 2 changed files is covered by jobs.a.paths.'],
  [['api/a.md'], {}, 'The only changed file is not covered by jobs.a.paths.'],
  [[], {}, null],
  [null, {}, null],
  [['docs/a.md'], PULL, null],
])('paths, when %j changed', (changedFiles, build, reason) => {
  const jobs = { a: { cmd: 'x', paths: { include: ['api'], exclude: ['**/*.md'] } } }
  const { resolved } = plan(build, { jobs })
  const found = planBuild({ ...PUSH, ...build }, { ...resolved, changedFiles })
  expect(found).toMatchObject({ leftOut: reason === null ? [] : [{ name: 'a', reason }] })
})

test('what needs a job that is left out runs without it and its artifacts', () => {
  const jobs = {
    a: { cmd: 'x', on: 'pullRequest', artifacts: ['dist'] },
    c: { cmd: 'x', on: 'pullRequest' },
    b: { cmd: 'x', needs: ['a', 'c'] },
  }
  expect(planned(jobs)).toMatchObject({
    jobs: [{ name: 'b', needs: [] }],
    notes: ['Job b runs without a, because a is left out.'],
  })
})

test('if every job is left out, there is none', () => {
  expect(planned({ a: { cmd: 'x', on: 'pullRequest' } })).toMatchObject({
    build: true,
    jobs: [],
    leftOut: [{ name: 'a' }],
  })
})

test('a deploy has the top-level cache, unless it has its own or none', () => {
  const cacheOf = (cache?: unknown) =>
    planned(
      { build: 'x' },
      {
        cache: ['~/.npm'],
        stages: { master: 'dev' },
        deploy: { cmd: 'a', ...(cache !== undefined && { cache }) },
      },
    ).deploys[0]?.deploy?.cache
  expect(cacheOf()).toEqual([{ paths: ['~/.npm'], key: [] }])
  expect(cacheOf([{ paths: ['.terraform'], key: ['.terraform.lock.hcl'] }])).toEqual([
    { paths: ['.terraform'], key: ['.terraform.lock.hcl'] },
  ])
  expect(cacheOf(['.terraform'])).toEqual([{ paths: ['.terraform'], key: [] }])
  for (const none of [false, []]) expect(cacheOf(none)).toEqual([])
})

test('a deploy gets setup and artifacts, and is withheld without them', () => {
  const more = {
    setup: 'npm ci',
    stages: { master: 'dev', main: { stage: 'qa', artifacts: [], deploy: 'own' } },
    deploy: { cmd: ['a', 'b'], artifacts: ['dist'] },
  }
  const jobs = { build: { cmd: 'x', artifacts: { dist: ['out'] } } }
  expect(planned(jobs, more).deploys[0]?.deploy).toEqual({
    command: 'a\nb',
    setup: 'npm ci',
    isStrict: true,
    lists: { setup: ['npm ci'], command: ['a', 'b'] },
    stage: 'dev',
    env: {},
    timeoutSeconds: null,
    artifacts: ['dist'],
    cache: [],
  })
  expect(planned(jobs, more, { branch: 'main' }).deploys[0]?.deploy).toMatchObject({
    command: 'own',
    isStrict: false,
    artifacts: [],
  })
  expect(planned(jobs, { ...more, deploy: { cmd: 'a', setup: false } }).deploys[0]?.deploy).toMatchObject({
    setup: null,
    artifacts: [],
  })
  const leftOut = planned({ build: { ...jobs.build, branches: ['qa'] } }, more)
  expect(leftOut).toMatchObject({
    deploys: [],
    stageReason:
      'Branch "master" is not deployed to stage dev: it needs an artifact of build, which is left out. No rule in jobs.build.branches matches "master".',
  })
})

test('a deploy by name gets the same', () => {
  const target = { stage: 'dev', of: 3, by: null }
  const values = { jobs: TAGGED, stages: { master: 'dev' }, deploy: { cmd: 'x' }, setup: 'npm ci' }
  expect(plan({ event: 'deploy', target }, values).plan).toMatchObject({
    jobs: [],
    leftOut: [],
    deploys: [{ deploy: { command: 'x', setup: 'npm ci' } }],
  })
})

test('"cmd" keeps running as LambCI ran it, with setup and artifacts', () => {
  const { plan: found } = plan({}, { cmd: 'a | b', setup: ['c', 'd'], artifacts: ['dist'] })
  expect(found).toMatchObject({
    jobs: [
      {
        name: 'build',
        command: 'a | b',
        setup: 'c\nd',
        isStrict: false,
        artifacts: [{ name: 'build', paths: ['dist'] }],
      },
    ],
  })
})

test('a job that depends on paths keeps newer commits from cancelling older ones', () => {
  expect(planned({ a: 'x' })).toMatchObject({ cancelSuperseded: true })
  expect(planned({ a: { cmd: 'x', paths: ['api'] } })).toMatchObject({ cancelSuperseded: false })
})

const errorOf = (...parts: Parameters<typeof planned>): string => {
  try {
    planned(...parts)
  } catch (error) {
    expect(error).toBeInstanceOf(UserError)
    return (error as Error).message
  }
  return 'no error'
}

const x = (more: JsonObject = {}) => ({ cmd: 'x', ...more })
test.each<[JsonObject, string]>([
  [
    { a: x({ needs: ['bulid'] }), build: 'x' },
    '.lambci.json: jobs.a.needs names "bulid", which is no job of this file (did you mean "build"?).',
  ],
  [{ a: x({ needs: 'a' }) }, 'jobs.a.needs names the job itself.'],
  [{ a: x({ needs: ['b', 'b'] }), b: 'x' }, 'jobs.a.needs names "b" twice.'],
  [
    { a: x({ needs: ['b'] }), b: x({ needs: ['c'] }), c: x({ needs: ['a'] }) },
    'jobs.a.needs leads back to a: a needs b, b needs c, c needs a.',
  ],
  [
    { z: x({ needs: ['a'] }), a: x({ needs: ['b'] }), b: x({ needs: ['a'] }) },
    'leads back to a: a needs b, b needs a.',
  ],
  [
    { a: x({ needs: ['b'] }), b: false },
    'jobs.a.needs names "b", which is removed by "b": false. Remove it here, too.',
  ],
  [
    { a: x({ needs: [{ job: 'b', artifacts: ['dist'] }] }), b: 'x' },
    'jobs.a.needs names the artifact "dist" of "b", which has no artifacts.',
  ],
  [
    { a: x({ needs: [{ job: 'b', artifacts: ['dist'] }] }), b: x({ artifacts: ['d'] }) },
    'of "b", which has "b".',
  ],
  [
    { a: x({ artifacts: ['d'] }), b: x({ artifacts: { a: ['d'] } }) },
    'jobs.b.artifacts has the artifact "a", as jobs.a has.',
  ],
  [{ a: { timeout: 1 } }, 'jobs.a has no "cmd". Write the command of the job.'],
  [{ unti: { timeout: 1 }, unit: 'x' }, 'jobs.unti has no "cmd" (did you mean "unit"?).'],
  [
    { a: x({ matrix: { A: [1] }, exclude: [{ A: 1 }] }) },
    '.lambci.json: jobs.a.exclude leaves no combination',
  ],
  [{ a: x({ on: 'pullRequest', needs: ['q'] }) }, 'jobs.a.needs names "q"'],
])('%j is errored', (jobs, expected) => {
  expect(errorOf(jobs)).toContain(expected)
})

test.each<[JsonObject, JsonObject, string]>([
  [
    { a: 'x' },
    { deploy: { cmd: 'x', artifacts: ['dist'] } },
    '.lambci.json: deploy.artifacts names "dist", which no job has as an artifact.',
  ],
  [
    { a: x({ artifacts: { dist: ['d'] } }) },
    { deploy: 'x', stages: { master: { stage: 'dev', artifacts: ['dits'] } } },
    '.lambci.json: stages.master.artifacts names "dits", which no job has as an artifact (did you mean "dist"?).',
  ],
])('%j with %j is errored', (jobs, more, expected) => {
  expect(errorOf(jobs, { stages: { master: 'dev' }, ...more })).toContain(expected)
})

const twelve = Array.from({ length: 12 }, (_, at) => at)
const MANY = { unit: x({ matrix: { N: twelve }, shards: 8 }), lint: 'x', docs: x({ shards: 2 }) }

test('more jobs than allowed are errored with names and counts', () => {
  expect(errorOf(MANY)).toBe(
    '.lambci.json: "jobs" has 99 jobs for this build (12 cells × 8 shards of unit = 96, 2 shards of docs, lint), and a build may have at most 50. Make a matrix or "shards" smaller, or raise "maxJobs" in the account\'s settings (at most 256).',
  )
  expect(titles(MANY, {}, {}, { maxJobs: 99 })).toHaveLength(99)
  expect(errorOf(MANY, {}, {}, { maxJobs: 98 })).toContain('has 99 jobs')
  expect(errorOf({ a: x({ shards: 256 }), b: 'x' }, {}, {}, { maxJobs: 256 })).toContain(
    'Make a matrix or "shards" smaller.',
  )
  const ofPulls = { ...MANY, unit: { ...MANY.unit, on: 'pullRequest' } }
  expect(titles(ofPulls)).toEqual(['lint', 'docs (1/2)', 'docs (2/2)'])
})

test('a build for a fork has at most five', () => {
  const five = { a: x({ shards: 5 }) }
  expect(titles(five, {}, FORK)).toHaveLength(5)
  expect(errorOf({ ...five, b: 'x' }, {}, FORK)).toContain('one for a fork may have at most 5')
  expect(errorOf({ a: x({ shards: 3 }) }, {}, FORK, { maxJobs: 2 })).toContain('may have at most 2')
  expect(titles({ ...five, b: x({ on: 'push' }) }, {}, FORK)).toHaveLength(5)
})

test('a hostile file is refused before anything is computed', () => {
  const values = Array.from({ length: 256 }, (_, at) => at)
  const huge = Object.fromEntries([...'ABCDEFGHIJ'].map(name => [name, values]))
  expect(errorOf({ a: x({ matrix: huge }) })).toContain('jobs.a.matrix has 256 × 256 × 256')
  const many = Object.fromEntries(twelve.map(at => [`j${at}`, x({ matrix: { A: values, B: [1, 2] } })]))
  expect(errorOf(many)).toContain('All jobs may have 4096 before "exclude"')
  expect(errorOf(Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`j${at}`, 'x'])))).toContain(
    'jobs must have at most 256 jobs, and has 10000.',
  )
  const chain = Object.fromEntries(
    Array.from({ length: 256 }, (_, at) => [`j${at}`, x(at < 255 ? { needs: [`j${at + 1}`] } : {})]),
  )
  expect(titles(chain, {}, {}, { maxJobs: 256 })[0]).toBe('j255')
  const circle = { ...chain, j255: x({ needs: ['j0'] }) }
  expect(errorOf(circle)).toContain('j0 needs j1, j1 needs j2, ')
  expect(errorOf(circle)).toContain('j9 needs j10, and so on (256 jobs).')
})

test('jobs named like properties of objects are jobs', () => {
  expect(titles({ constructor: 'x', b: x({ needs: ['constructor'] }) } as JsonObject)).toEqual([
    'constructor',
    'b',
  ])
  expect(errorOf({ b: x({ needs: ['valueof'] }) })).toContain('names "valueof"')
})
