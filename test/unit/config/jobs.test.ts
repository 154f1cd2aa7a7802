import { expect, test } from 'vitest'
import { readLambciJson } from '../../../src/config/layer.ts'
import { FORK, PULL, resolve } from '../../support/resolving.ts'

const errorOf = (text: string): string => {
  try {
    readLambciJson(text)
  } catch (error) {
    return (error as Error).message
  }
  return 'no error'
}
const withJob = (job: string) => `{"jobs": {"a": ${job}}}`
const withKey = (key: string, value: string) => withJob(`{"cmd": "x", "${key}": ${value}}`)

const ALL = {
  cmd: ['x', 'y'],
  env: { A: 1 },
  setup: 'npm ci',
  matrix: { NODE: ['22', '24'] },
  include: [{ NODE: '26', NEXT: true }],
  exclude: [{ NODE: '22' }],
  needs: ['b', { job: 'c', artifacts: [] }],
  shards: 256,
  timeout: 900,
  artifacts: { dist: { paths: ['dist/', 'cdk.out'], when: 'always' }, d: ['x'] },
  tests: { files: ['r/**/*.xml'], verdict: 'exit', allowEmpty: true },
  cache: ['~/.npm'],
  secrets: [],
  allowFailure: true,
  branches: ['main', '/^release/'],
  on: ['push', 'pullRequest', 'mergeGroup'],
  paths: { include: ['api/**'], exclude: ['**/*.md'] },
}

test.each<[string, unknown]>([
  ['a command', 'x'],
  ['a list of commands', ['x', 'y']],
  ['every key', ALL],
  ['false', false],
  ['no command yet', { timeout: 5 }],
  [
    'the short forms',
    {
      cmd: 'x',
      needs: 'b',
      on: 'push',
      branches: 'main',
      paths: ['api'],
      artifacts: ['dist'],
      tests: ['r.xml'],
    },
  ],
  ['what leaves out defaults', { cmd: 'x', setup: false, cache: [], paths: false }],
])('a job may be %s', (_, job) => {
  expect(() => readLambciJson(JSON.stringify({ jobs: { a: job } }))).not.toThrow()
})

test.each<[string, string]>([
  [
    '{"jobs": {"deploy": "x"}}',
    'jobs: "deploy" is no name for a job: write its command as the top-level "deploy"',
  ],
  ['{"jobs": {"My Job": "x"}}', 'jobs: "My Job" is not a valid name for a job (lower-case letters'],
  ['{"jobs": {"-a": "x"}}', 'jobs: "-a" is not a valid name'],
  [`{"jobs": {"${'a'.repeat(31)}": "x"}}`, 'is not a valid name for a job'],
  ['{"jobs": {}}', 'jobs must have at least one job.'],
  ['{"jobs": "x"}', 'jobs must be an object of jobs, not "x".'],
  ['{"cmd": "x", "jobs": {"a": "y"}}', '"cmd" and "jobs" exclude each other: make "cmd" one of the jobs.'],
  [
    '{"branches": {"x": {"cmd": "x", "jobs": {"a": "y"}}}}',
    'branches.x: "cmd" and "jobs" exclude each other',
  ],
  ['{"tests": ["r.xml"], "jobs": {"a": "y"}}', '"tests" goes with "cmd": here, write it into a job.'],
  ['{"artifacts": ["dist"], "jobs": {"a": "y"}}', '"artifacts" goes with "cmd": here, write it into a job.'],
  ['{"setup": 1}', 'setup must be a command, a list of commands, or false, not 1.'],
  ['{"maxParallel": 0}', 'maxParallel must be at least 1, not 0.'],
  ['{"maxParallel": 257}', 'maxParallel must be at most 256'],
  ['{"maxJobs": 5}', `"maxJobs" can only be set in the account's settings.`],
  ['{"maxRunningJobs": 5}', `"maxRunningJobs" can only be set in the account's settings.`],
  [`{"setup": "${'x'.repeat(10_001)}"}`, 'setup must be at most 10000 characters long'],
  ['{"deploy": {"cmd": "x", "artifacts": ["A B"]}}', 'deploy.artifacts[0] must be the name of an artifact'],
  ['{"deploy": {"artifacts": []}}', 'deploy.cmd must be a command or a list of commands.'],
  [withJob('1'), 'jobs.a must be a command, a list of commands, an object, or false, not 1.'],
  [withJob('true'), 'jobs.a must be a command, a list of commands, an object, or false, not true.'],
  [withJob('[]'), 'jobs.a must not be empty.'],
  [withJob('["x", " "]'), 'jobs.a[1] must not be empty'],
  [
    withJob(`["${'x'.repeat(20_000)}", "${'x'.repeat(20_000)}"]`),
    'jobs.a must be at most 32000 characters long',
  ],
  [
    withKey('engine', '"docker"'),
    'jobs.a: "engine" is planned but not available in this version; remove it for now.',
  ],
  [withKey('size', '1024'), '"size" is planned but not available in this version; remove it for now.'],
  [withKey('retry', '3'), 'jobs.a.retry must be at most 2: a command that fails more often is broken'],
  [withKey('retry', '-1'), 'jobs.a.retry must be at least 0'],
  [withKey('retry', 'true'), 'jobs.a.retry must be a whole number'],
  ['{"engine": "docker"}', '"engine" is planned but not available in this version; remove it for now.'],
  [withKey('matrix', '{"A-B": ["1"]}'), 'jobs.a.matrix: "A-B" is not a valid variable name'],
  [withKey('matrix', '{"A": []}'), 'jobs.a.matrix.A must not be empty: without a value there is no job.'],
  [withKey('matrix', '{"A": [1, "1"]}'), 'jobs.a.matrix.A: the value "1" is given twice.'],
  [
    withKey('matrix', '{"A": [null]}'),
    'jobs.a.matrix.A[0] must be a string, a number, true or false, not null.',
  ],
  [withKey('matrix', '{"A": ["x\\ny"]}'), 'jobs.a.matrix.A[0] must not contain control characters'],
  [withKey('matrix', '{"A": ["\\u202e"]}'), 'must not contain control characters'],
  [withKey('matrix', '{"A": ["\\ud800"]}'), 'must not contain control characters'],
  [
    withKey('matrix', `{"A": ["${'x'.repeat(201)}"]}`),
    'jobs.a.matrix.A[0] must be at most 200 characters long',
  ],
  [withKey('matrix', '{}'), 'jobs.a.matrix must have at least one variable.'],
  [
    withKey('matrix', '{"include": [{"A": 1}]}'),
    'jobs.a.matrix: "include" is no variable here: write it beside "matrix"',
  ],
  [withKey('include', '[{}]'), 'jobs.a.include[0] must have at least one variable.'],
  [withKey('include', '{"A": 1}'), 'jobs.a.include must be a list of objects'],
  [
    withKey('include', '[{"A": [1]}]'),
    'jobs.a.include[0].A must be a string, a number, true or false, not a list.',
  ],
  [withKey('needs', '["A"]'), 'jobs.a.needs[0] must be the name of a job'],
  [withKey('needs', '[{"artifacts": []}]'), 'jobs.a.needs[0].job must be the name of a job'],
  [
    withKey('needs', '[{"job": "b", "artifact": []}]'),
    'jobs.a.needs[0]: "artifact" is not a known key (did you mean "artifacts"?).',
  ],
  [withKey('shards', '0'), 'jobs.a.shards must be at least 1, not 0.'],
  [withKey('shards', '257'), 'jobs.a.shards must be at most 256, not 257.'],
  [withKey('shards', '1.5'), 'jobs.a.shards must be a whole number, or an object with "files", not 1.5.'],
  [withKey('timeout', '901'), 'jobs.a.timeout must be at most 900 seconds'],
  [withKey('secrets', '["A B"]'), 'jobs.a.secrets[0] must be the name of a secret variable'],
  [withKey('allowFailure', '"yes"'), 'jobs.a.allowFailure must be true or false, not "yes".'],
  [withKey('branches', '[]'), 'jobs.a.branches must not be empty: the job would never run.'],
  [
    withKey('branches', '{"x": false}'),
    'jobs.a.branches must have a rule that is true: the job would never run.',
  ],
  [withKey('branches', '["release/*"]'), 'jobs.a.branches: "release/*" cannot be the name of a branch'],
  [withKey('on', '[]'), 'jobs.a.on must not be empty: the job would never run.'],
  [
    withKey('on', '["schedule"]'),
    'jobs.a.on[0] must be "push", "pullRequest" or "mergeGroup", not "schedule".',
  ],
  [withKey('paths', '[]'), 'jobs.a.paths: an empty list means that the job never runs'],
  [withKey('paths', '["../x"]'), 'jobs.a.paths[0] must be a path below the repository'],
  [
    withKey('artifacts', '["../x"]'),
    'jobs.a.artifacts[0] must not contain ".", ".." or an empty part (found "../x").',
  ],
  [withKey('artifacts', '["a/../../x"]'), 'must not contain ".", ".." or an empty part'],
  [withKey('artifacts', '["."]'), 'must not contain ".", ".." or an empty part'],
  [
    withKey('artifacts', '["/etc"]'),
    'jobs.a.artifacts[0] must be a path below the root of the repository, not "/etc".',
  ],
  [withKey('artifacts', '["~/.npm"]'), 'must be a path below the root of the repository'],
  [withKey('artifacts', '["$HOME"]'), 'must be a path below the root of the repository'],
  [withKey('artifacts', '[".git/config"]'), 'must not be in ".git"'],
  [withKey('artifacts', '[".GIT"]'), 'must not be in ".git"'],
  [withKey('artifacts', '["dist/*.js"]'), 'must not be a pattern: name a directory or a file'],
  [withKey('artifacts', '["a\\nb"]'), 'must not contain control characters'],
  [withKey('artifacts', '{"A": ["x"]}'), 'jobs.a.artifacts: "A" is not a valid artifact name'],
  [withKey('artifacts', '{"d": []}'), 'jobs.a.artifacts.d must have at least one path.'],
  [
    withKey('artifacts', '{"d": {"paths": ["x"], "when": "failed"}}'),
    'jobs.a.artifacts.d.when must be "passed" or "always"',
  ],
  [
    withKey('tests', '["../x.xml"]'),
    'jobs.a.tests[0] must not contain ".", ".." or an empty part (found "../x.xml").',
  ],
  [withKey('tests', '["/tmp/*.xml"]'), 'jobs.a.tests[0] must be a path below the root of the repository'],
  [withKey('tests', '{"files": ["~/r.xml"]}'), 'must be a path below the root of the repository'],
  [withKey('tests', '["!r.xml"]'), 'jobs.a.tests[0] must consist of names, *, ** and ?'],
  [withKey('tests', '["{a,b}.xml"]'), 'list alternatives as separate paths'],
  [withKey('tests', '{"files": []}'), 'jobs.a.tests.files must have at least one path.'],
  [withKey('tests', '{"verdict": "exit"}'), 'jobs.a.tests.files must be a list of paths'],
  [
    withKey('tests', '{"files": ["r.xml"], "verdict": "none"}'),
    'jobs.a.tests.verdict must be "report" or "exit", not "none".',
  ],
  [withKey('tests', '"r.xml"'), 'Write "tests": [ "r.xml" ].'],
  [
    withKey('reports', '"r.xml"'),
    'jobs.a: "reports" is not a known key. Write "tests": ["reports/**/*.xml"]',
  ],
  [withKey('env', '{"A-B": 1}'), 'jobs.a.env: "A-B" is not a valid variable name'],
  [
    withKey('alowFailure', 'true'),
    'jobs.a: "alowFailure" is not a known key (did you mean "allowFailure"?).',
  ],
  [withKey('include', '[{"__proto__": 1}]'), '"__proto__" cannot be used as a key in jobs.a.include[0].'],
])('%.80s is refused', (text, expected) => {
  expect(errorOf(text)).toContain(expected)
})

test.each<[string, string]>([
  [
    '{"runs-on": "ubuntu-latest", "steps": [{"uses": "actions/checkout@v4"}, {"run": "npm ci"}, {"run": "npm test"}]}',
    'jobs.a: "steps" is not a known key. Write "cmd": ["npm ci","npm test"].',
  ],
  ['{"runs-on": "x", "cmd": "x"}', `"runs-on" is not supported: all builds run in the stack's own image.`],
  [
    '{"strategy": {"matrix": {"node": [20, 22]}, "fail-fast": false, "max-parallel": 2}}',
    'Write "matrix": {"node":[20,22]}, "failFast": false at the top level, "maxParallel" at the top level.',
  ],
  ['{"services": {"db": {}}}', '"services" is not supported: no containers run beside a build.'],
  ['{"uses": "x"}', '"uses" is not supported: there are no actions here. Write the command itself'],
  ['{"timeout-minutes": 10}', '"timeout-minutes" is not a known key. Write "timeout": 600, in seconds.'],
  ['{"continue-on-error": true}', 'Write "allowFailure": true.'],
  ['{"allow_failure": true}', '"allow_failure" is not a known key (did you mean "allowFailure"?).'],
  ['{"if": "github.ref"}', 'Write "branches": ["main"], "on": "push" or "paths": ["src"].'],
  ['{"outputs": {}}', 'Write "artifacts": ["dist"].'],
  ['{"name": "Lint"}', '"name" is not needed: the key of a job is its name. Remove it.'],
  [
    '{"stage": "test", "script": ["make"]}',
    'jobs run at the same time, unless one needs another. Write "needs": ["build"].',
  ],
  ['{"script": ["make"]}', 'Write "cmd": "make".'],
  ['{"before_script": ["npm ci", "x"]}', 'Write "setup": ["npm ci","x"].'],
  ['{"after_script": "./clean"}', `Write "cmd": ["trap './clean' EXIT","npm test"].`],
  ['{"depends_on": ["b"]}', 'Write "needs": ["b"].'],
  ['{"requires": "b"}', 'Write "needs": ["b"].'],
  ['{"parallelism": 4}', 'Write "shards": 4.'],
  ['{"parallel": {"matrix": [{"A": 1}]}}', 'Write "matrix": {"NODE":["22","24"]}.'],
  ['{"extends": ".base"}', '"extends" is not supported: write out each job.'],
  ['{"environment": {"A": "1"}}', 'Write "env": {"A":"1"}.'],
  ['{"environment": "production"}', 'the top-level "deploy" and "stages" deploy when all jobs are done.'],
  ['{"failFast": false}', '"failFast" can only be set at the top level, beside "jobs".'],
  ['{"stages": {}}', 'Write "needs": ["build"].'],
  ['{"notifications": {}}', '"notifications" can only be set at the top level, beside "jobs".'],
  ['{"working-directory": "api"}', 'change the directory in the command.'],
  ['{"cmd": "x", "on": "pull_request"}', 'Write "on": "pullRequest".'],
  ['{"cmd": "x", "on": {"push": {}, "pull_request": {}}}', 'Write "on": [ "push", "pullRequest" ].'],
  ['{"cmd": "x", "matrix": {"NODE": 22}}', 'Write "NODE": [ 22 ].'],
  ['{"cmd": "x", "needs": {"job": "b"}}', 'Write "needs": [ "b" ].'],
  ['{"cmd": "x", "secrets": false}', 'Write "secrets": [].'],
  ['{"cmd": "x", "artifacts": "./dist"}', 'Write "artifacts": [ "dist" ].'],
  [
    '{"cmd": "x", "artifacts": {"paths": ["dist"]}}',
    '"paths" is no name for an artifact: write a list of paths',
  ],
  ['{"cmd": "x", "branches": {"only": ["main"]}}', 'jobs.a.branches.only must be true or false, not a list.'],
  ['{"cmd": {"run": "x"}}', 'Write "cmd": "x".'],
  ['[{"run": "npm ci"}]', 'jobs.a[0] must be a command (a string), not an object. Write "npm ci".'],
])('a job like %s is answered with what to write here', (job, expected) => {
  expect(errorOf(withJob(job))).toContain(expected)
})

test('jobs in a list are answered with an object', () => {
  expect(
    errorOf('{"jobs": [{"name": "lint", "run": "npm run lint"}, {"name": "b", "steps": ["x", "y"]}]}'),
  ).toContain(
    'jobs must be an object of jobs, not a list. Write "jobs": { "lint": "npm run lint", "b": [ "x", "y" ] }.',
  )
})

test('numbers of a matrix keep their text', () => {
  const text = withKey('matrix', '{"PYTHON": [3.10, 3.9, 22, 1e3, true]}').replace(
    '"cmd"',
    '"include": [{"PYTHON": 4.0}], "exclude": [{"PYTHON": 3.10}], "env": {"V": 1.0}, "cmd"',
  )
  expect(readLambciJson(text)?.values.jobs).toEqual({
    a: {
      cmd: 'x',
      env: { V: '1.0' },
      matrix: { PYTHON: ['3.10', '3.9', '22', '1e3', 'true'] },
      include: [{ PYTHON: '4.0' }],
      exclude: [{ PYTHON: '3.10' }],
    },
  })
  const inRule = readLambciJson(`{"branches": {"x": ${text}}}`)?.values.branches
  expect(inRule).toMatchObject({ x: { jobs: { a: { include: [{ PYTHON: '4.0' }] } } } })
})

const jobsOf = (...layers: Parameters<typeof resolve>) => {
  const { config } = resolve(...layers)
  const { jobs } = config
  return (
    jobs &&
    Object.fromEntries(Object.entries(jobs).map(([name, job]) => [name, job === false ? false : job.cmd]))
  )
}

test('jobs replace the command of earlier layers, and a command their jobs', () => {
  const jobs = { a: 'x' }
  expect(resolve({ head: { jobs } }).config).toMatchObject({ cmd: null, jobs: { a: { cmd: 'x' } } })
  expect(resolve({ repository: { cmd: 'y', artifacts: ['dist'] }, head: { jobs } }).config).toMatchObject({
    cmd: null,
    artifacts: [],
  })
  expect(resolve({ repository: { jobs }, head: { cmd: 'y' } }).config).toMatchObject({ cmd: 'y', jobs: null })
  expect(resolve({ head: { cmd: 'y' }, packageJson: { lambci: { jobs } } }).config).toMatchObject({
    cmd: 'y',
    jobs: null,
  })
  expect(resolve({ head: { jobs, branches: { master: { cmd: 'y' } } } }).config).toMatchObject({
    cmd: 'y',
    jobs: null,
  })
  expect(resolve({ head: { cmd: 'y', branches: { master: { build: true, jobs } } } }).config).toMatchObject({
    cmd: null,
  })
})

test('jobs of layers merge by name', () => {
  const global = { jobs: { lint: 'old', e2e: { cmd: 'e2e', timeout: 5, env: { A: 1 }, needs: ['lint'] } } }
  const head = { jobs: { e2e: { env: { B: 2 }, needs: [] }, lint: { cmd: ['new'] }, unit: 'unit' } }
  const { config } = resolve({ global, head })
  expect(Object.keys(config.jobs ?? {})).toEqual(['lint', 'e2e', 'unit'])
  expect(config.jobs).toMatchObject({
    lint: { cmd: ['new'] },
    e2e: { cmd: 'e2e', timeout: 5, env: { A: '1', B: '2' }, needs: [] },
  })
  const text = resolve({ global, head: { jobs: { e2e: 'short' } } }).config.jobs
  expect(text).toMatchObject({ e2e: { cmd: 'short', timeout: 5 } })
})

test('false removes a job of an earlier layer, and a later one brings it back without what it had', () => {
  const global = { jobs: { a: 'x', b: { cmd: 'y', timeout: 5 } } }
  expect(jobsOf({ global, head: { jobs: { b: false } } })).toEqual({ a: 'x', b: false })
  expect(
    jobsOf({ global, head: { jobs: { c: 'z' }, branches: { master: { jobs: { a: false } } } } }),
  ).toEqual({
    a: false,
    b: 'y',
    c: 'z',
  })
  const again = resolve({ global, repository: { jobs: { b: false } }, head: { jobs: { b: 'z' } } })
  expect(again.config.jobs).toMatchObject({ b: { cmd: 'z', timeout: null } })
})

test('what removes nothing is a note, and does not replace a command', () => {
  const removed = resolve({ head: { jobs: { a: false } } })
  expect(removed.config).toMatchObject({ cmd: 'npm ci && npm test', jobs: null })
  expect(removed.notes).toEqual(['.lambci.json: jobs.a removes nothing: no layer has a job "a".'])
  const near = resolve({ repository: { jobs: { untis: false } }, head: { jobs: { unit: 'x', units: 'y' } } })
  expect(near.notes).toEqual([
    'config/gh/o/r.json: jobs.untis removes nothing: no layer has a job "untis" (did you mean "units"?).',
  ])
  expect(resolve({ global: { jobs: { a: 'x' } }, head: { jobs: { a: false, b: 'y' } } }).notes).toEqual([])
})

test('a rule for pull requests changes their jobs', () => {
  const head = {
    jobs: { a: 'x', e2e: 'y' },
    pullRequests: { fromSelfPublicRepo: { build: true, jobs: { e2e: false } } },
  }
  expect(jobsOf({ head, build: PULL })).toEqual({ a: 'x', e2e: false })
  expect(jobsOf({ head })).toEqual({ a: 'x', e2e: 'y' })
})

test('jobs that files may not set are ignored', () => {
  const limited = resolve({
    global: { allowConfigOverrides: ['cmd'], cmd: 'y' },
    head: { jobs: { a: 'x' }, setup: 'z' },
  })
  expect(limited.config).toMatchObject({ cmd: 'y', jobs: null, setup: null })
  expect(limited.notes).toEqual(['.lambci.json: "jobs", "setup" are ignored: files may only set "cmd" here.'])
  const allowed = { global: { allowConfigOverrides: ['jobs', 'setup', 'failFast'] } }
  expect(jobsOf({ ...allowed, head: { jobs: { a: 'x' } } })).toEqual({ a: 'x' })
})

const ONLY = 'of a fork, only "cmd" and "env" of jobs count that the base has.'
const BASE = { setup: 'npm ci', jobs: { a: { cmd: 'x', env: { A: 1 }, timeout: 5 }, b: ['y'], c: 'z' } }
const fork = (head: object, more: object = {}) =>
  resolve({ build: FORK, base: BASE, head: head as never, ...more })

test('of the jobs of a fork, the command and variables of those count that the base has', () => {
  const { config, notes } = fork({
    setup: 'evil',
    env: { TOP: 1 },
    jobs: {
      a: { cmd: ['mine', 'too'], env: { B: 2 }, timeout: 5, secrets: ['X'], shards: 9 },
      b: 'other',
      c: false,
      d: 'new',
    },
  })
  expect(config).toMatchObject({
    setup: 'npm ci',
    env: { TOP: '1' },
    jobs: {
      a: { cmd: ['mine', 'too'], env: { A: '1', B: '2' }, timeout: 5, secrets: null, shards: null },
      b: { cmd: 'other' },
      c: { cmd: 'z' },
    },
  })
  expect(Object.keys(config.jobs ?? {})).toEqual(['a', 'b', 'c'])
  expect(notes.filter(note => note.includes('jobs'))).toEqual([
    `.lambci.json at the head commit: jobs.d is ignored: ${ONLY}`,
    `.lambci.json at the head commit: jobs.a.shards is ignored: ${ONLY}`,
    `.lambci.json at the head commit: jobs.a.secrets is ignored: ${ONLY}`,
    `.lambci.json at the head commit: jobs.c is not removed: ${ONLY}`,
  ])
})

test("a fork's command does not replace the base's jobs, nor its jobs the base's command", () => {
  const own = fork({ cmd: 'true' })
  expect(own.config).toMatchObject({ cmd: null, jobs: { a: { cmd: 'x' } } })
  expect(own.notes).toContain(
    `.lambci.json at the head commit: "cmd" is ignored, because the base has "jobs": ${ONLY}`,
  )
  const added = resolve({ build: FORK, base: { cmd: 'make' }, head: { jobs: { a: 'true' } } })
  expect(added.config).toMatchObject({ cmd: 'make', jobs: null })
  expect(added.notes).toContain(`.lambci.json at the head commit: "jobs" is ignored: ${ONLY}`)
  const inPackage = fork({}, { packageJson: { lambci: { jobs: { a: 'mine' }, cmd: undefined } } })
  expect(inPackage.config.jobs).toMatchObject({ a: { cmd: 'mine' } })
})

test.each<[unknown, string | null, object]>([
  [['cmd', 'env'], 'mine', { A: '1', B: '2' }],
  [['env'], 'x', { A: '1', B: '2' }],
  [['cmd'], 'mine', { A: '1' }],
  [['jobs'], 'mine', { A: '1', B: '2' }],
  [['stages'], 'x', { A: '1' }],
  [false, 'x', { A: '1' }],
  [true, 'mine', { A: '1', B: '2' }],
])('where a fork may set %j, job a runs %s', (allowConfigOverrides, cmd, env) => {
  const pullRequests = { fromForkPublicRepo: { build: true, allowConfigOverrides } }
  const found = fork({ jobs: { a: { cmd: 'mine', env: { B: 2 } } } }, { global: { pullRequests } })
  expect(found.config.jobs).toMatchObject({ a: { cmd, env } })
})

test.each<[string, object, boolean, string | null]>([
  ['its name in "stages"', { stages: { qa: 'qa' } }, true, 'stages.qa'],
  ['a rule in "stages"', { stages: { '/^q/': 'qa' } }, true, 'stages["/^q/"]'],
  ['another stage', { stages: { main: 'x' } }, false, null],
  ['a rule that is false', { stages: { qa: 'qa' }, branches: { qa: false } }, false, null],
  ['a regular expression that is false', { stages: { qa: 'qa' }, branches: { '/./': false } }, false, null],
  ['no branches at all', { stages: { qa: 'qa' }, branches: false }, false, null],
  ['a rule without "build"', { stages: { qa: 'qa' }, branches: { qa: { timeout: 5 } } }, true, 'stages.qa'],
  ['a rule that is true', { stages: { qa: 'qa' }, branches: { qa: true } }, true, null],
])('a push to qa with %s', (_, head, build, stageRule) => {
  expect(resolve({ head: head as never, build: { branch: 'qa' } })).toMatchObject({
    config: { build },
    stageRule,
  })
})

test('stages build no pull requests', () => {
  const head = { stages: { master: 'dev' }, pullRequests: false }
  expect(resolve({ head, build: PULL }).config.build).toBe(false)
})
