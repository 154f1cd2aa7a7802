import type { Fault, Rule } from './proxy.ts'

/** Which process of the system a fault ends. */
export type Victim = 'http' | 'build' | 'report'

/** One fault at one point of a build's life, and what must come of it all the same. */
export type Row = {
  name: string
  service: 's3' | 'sns' | 'github'
  rule: Pick<Rule, 'method' | 'address'> & Partial<Pick<Rule, 'body' | 'nth' | 'times' | 'when'>>
  fault: Exclude<Fault, () => void> | { kill: Victim }
  /** The tests' result, and the deploy's where there is one. */
  conclusion: 'passed' | 'failed' | 'errored'
  deploy?: 'succeeded' | 'failed' | undefined
  /** Whether GitHub shall hear of it in the end; it does not, where it refuses for ever. */
  status?: false
  reason?: RegExp
  cmd?: string
  /** More of the configuration. */
  config?: object
}

const key = (name: string) => new RegExp(`/builds/1/${name}`)
const RUN = { method: 'PUT', address: key('run\\.json') }
const kill = (victim: Victim): Row['fault'] => ({ kill: victim })
const at = (name: string, fault: Row['fault'], rule: Row['rule'], rest: Partial<Row> = {}): Row => ({
  name,
  service: 's3',
  rule,
  fault,
  conclusion: 'passed',
  deploy: 'succeeded',
  ...rest,
})

const dead = { conclusion: 'errored' as const, deploy: undefined }
const KILLED: Row[] = [
  at('build killed before its claim', kill('build'), RUN),
  at('build killed after its claim', kill('build'), { ...RUN, when: 'after' }, dead),
  at(
    'build killed while fetching',
    kill('build'),
    { method: 'GET', address: /\.git\/info\/refs/ },
    { ...dead, service: 'github' },
  ),
  at('build killed as it says that it runs', kill('build'), { ...RUN, body: /"phase":"running"/ }, dead),
  at(
    'build killed in its command',
    kill('build'),
    { method: 'PUT', address: key('log/') },
    { ...dead, cmd: 'echo tested; sleep 30' },
  ),
  at(
    'build killed as its deploy begins',
    kill('build'),
    { ...RUN, body: /"phase":"deploying"/, when: 'after' },
    { deploy: 'failed' },
  ),
  at(
    'build killed with its stage in hand',
    kill('build'),
    { method: 'PUT', address: /\/stages\/dev\/lock\.json/, when: 'after' },
    dead,
  ),
  at(
    'build killed while composing the log',
    kill('build'),
    { method: 'PUT', address: key('log\\.txt') },
    { deploy: 'succeeded' },
  ),
  at(
    'build killed before its last record',
    kill('build'),
    { ...RUN, body: /"phase":"ended"/ },
    { deploy: 'succeeded' },
  ),
  at('build killed after its last record', kill('build'), { ...RUN, body: /"phase":"ended"/, when: 'after' }),
  at('report killed before it writes', kill('report'), { method: 'PUT', address: key('report\\.json') }),
  at('report killed after it wrote', kill('report'), {
    method: 'PUT',
    address: key('report\\.json'),
    nth: 2,
    when: 'after',
  }),
  at(
    'report killed as it sets the status',
    kill('report'),
    { method: 'POST', address: /\/statuses\// },
    { service: 'github' },
  ),
  at(
    'report killed as it sends the notice',
    kill('report'),
    { method: 'POST', address: /^\/$/, body: /Subject=/ },
    { service: 'sns' },
  ),
  at('http killed before it writes the job', kill('http'), { method: 'PUT', address: key('job\\.json') }),
  at('http killed after it wrote the job', kill('http'), {
    method: 'PUT',
    address: key('job\\.json'),
    when: 'after',
  }),
  at(
    'http killed before it publishes',
    kill('http'),
    { method: 'POST', address: /^\/$/, body: /jobs/ },
    { service: 'sns' },
  ),
  at(
    'http killed after it published',
    kill('http'),
    { method: 'POST', address: /^\/$/, body: /jobs/, when: 'after' },
    { service: 'sns' },
  ),
]

/** What the build's own command does to the process that runs it, as the kernel and Lambda do. */
const INSIDE: Row[] = [
  at(
    'out of memory: the kernel kills the runner',
    'none',
    { ...RUN, body: /"phase":"running"/ },
    { ...dead, cmd: 'echo tested; kill -9 $PPID; sleep 60', reason: /most likely for lack of memory/ },
  ),
  at(
    "Lambda's timeout: the runner says nothing more",
    'none',
    { ...RUN, body: /"phase":"running"/ },
    { ...dead, cmd: 'echo tested; kill -STOP $PPID; sleep 60', reason: /function's own time limit/ },
  ),
  at(
    'a command that does not end',
    'none',
    { ...RUN, body: /"phase":"running"/ },
    { conclusion: 'failed', deploy: undefined, cmd: 'trap "" TERM; echo tested; sleep 60 & wait; sleep 60' },
  ),
]

/** Whatever the n-th request to S3 is, of all that a build's life needs. */
const NTH: Row[] = ([500, 'lost'] as const).flatMap(fault =>
  Array.from({ length: 40 }, (_, index) =>
    at(`S3 ${fault} at request ${index + 1}`, fault, { method: /./, address: /./, nth: index + 1 }),
  ),
)

const POINTS: [name: string, rule: Row['rule'], more?: Partial<Row>][] = [
  ['build.json', { method: 'PUT', address: key('job\\.json') }],
  ['the claim', RUN],
  ['the running record', { ...RUN, body: /"phase":"running"/ }],
  // What is written within the last second goes straight into the whole.
  ['a log segment', { method: 'PUT', address: key('log/') }, { cmd: 'echo tested; sleep 2; echo again' }],
  ['log.txt', { method: 'PUT', address: key('log\\.txt') }],
  ['the last record', { ...RUN, body: /"phase":"ended"/ }],
  ['report.json', { method: 'PUT', address: key('report\\.json') }],
  ['the branch', { method: 'PUT', address: /\/branches\// }],
  ['the lock', { method: 'PUT', address: /\/stages\/dev\/lock\.json/ }],
  ['the ledger', { method: 'PUT', address: /\/stages\/dev\/current\.json/ }],
]
/** Whoever says nothing at all is not waited for. */
const SILENT: Row[] = [
  ...POINTS.filter(([name]) => /job|claim|segment|last record|report/.test(name)).map(([name, rule, more]) =>
    at(`S3 silent at ${name}`, 'silence', rule, more),
  ),
  at(
    'SNS silent at the job',
    'silence',
    { method: 'POST', address: /^\/$/, body: /jobs/ },
    { service: 'sns' },
  ),
  at(
    'GitHub silent at a status',
    'silence',
    { method: 'POST', address: /\/statuses\// },
    { service: 'github' },
  ),
]
const S3_FAULTS: Row['fault'][] = [500, 503, 'reset', 'lost', 'slow']
const S3: Row[] = POINTS.flatMap(([name, rule, more]) =>
  S3_FAULTS.map(fault => at(`S3 ${fault} at ${name}`, fault, rule, more)),
)
const CONDITIONAL: Row[] = ['build.json', 'the claim', 'report.json', 'the lock'].map(name => {
  const [, rule] = POINTS.find(([point]) => point === name) ?? ['', RUN]
  return at(`S3 409 at ${name}`, 409, rule)
})

const STATUS = { method: 'POST', address: /\/statuses\// }
const GITHUB: Row[] = [
  ...([500, 502, 'reset', 'lost'] as const).map(fault =>
    at(`GitHub ${fault} at a status`, fault, STATUS, { service: 'github' }),
  ),
  at('GitHub 403 with retry-after', 403, STATUS, { service: 'github' }),
  ...([401, 422, 404] as const).map(fault =>
    at(`GitHub ${fault} for ever`, fault, { ...STATUS, times: 1000 }, { service: 'github', status: false }),
  ),
  at('GitHub 500 at a deployment', 500, { method: 'POST', address: /\/deployments$/ }, { service: 'github' }),
  at(
    'GitHub 500 at git',
    500,
    { method: 'GET', address: /\.git\/info\/refs/ },
    { ...dead, service: 'github' },
  ),
]
const SNS: Row[] = [
  at('SNS 500 at the job', 500, { method: 'POST', address: /^\/$/, body: /jobs/ }, { service: 'sns' }),
  at('SNS lost at the job', 'lost', { method: 'POST', address: /^\/$/, body: /jobs/ }, { service: 'sns' }),
  at('SNS 500 at the notice', 500, { method: 'POST', address: /^\/$/, body: /Subject=/ }, { service: 'sns' }),
]

const CACHED = { cmd: 'mkdir -p deps; date > deps/made; echo tested', config: { cache: ['deps'] } }
/** A cache is a help: without it a build takes longer, and comes out as it would have. */
const CACHE: Row[] = ([500, 403, 'reset', 'silence'] as const).flatMap(fault =>
  (['GET', 'PUT'] as const).map(method =>
    at(
      `S3 ${fault} for ever at a cache's ${method}`,
      fault,
      { method, address: /\/cache\//, times: 1000 },
      CACHED,
    ),
  ),
)
const KILLED_SAVING = at(
  'build killed as it saves a cache',
  kill('build'),
  { method: 'PUT', address: /\/cache\// },
  CACHED,
)

/** Rows that end a process: one at a time, so that nobody else's is hit. */
export const LONELY = [...KILLED, KILLED_SAVING]
export const TOGETHER: Row[] = [
  ...INSIDE,
  ...SILENT,
  ...NTH,
  ...S3,
  ...CONDITIONAL,
  ...GITHUB,
  ...SNS,
  ...CACHE,
]
