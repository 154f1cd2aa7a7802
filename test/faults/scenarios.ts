import type { Fault, Rule } from './fault-proxy.ts'

/** The function whose processes a fault kills. */
export type KilledFunction = 'http' | 'build' | 'deploy' | 'report'

/** One fault at one point of a build, and the expected end. */
export type Scenario = {
  name: string
  service: 's3' | 'sns' | 'github' | 'lambda'
  rule: Pick<Rule, 'method' | 'address'> & Partial<Pick<Rule, 'body' | 'nth' | 'times' | 'when'>>
  fault: Exclude<Fault, () => void> | { kill: KilledFunction }
  /** The expected conclusion, and the deploy's status if there is a deploy. */
  conclusion: 'passed' | 'failed' | 'errored'
  deploy?: 'succeeded' | 'failed' | undefined
  /** Whether the build may also have died: the fault comes at the same time as something that decides about it. */
  mayBeDead?: true
  /** False if GitHub refuses every status, so that none is expected. */
  status?: false
  reason?: RegExp
  /** What the log says. */
  log?: RegExp
  cmd?: string
  /** The branch that is pushed. Default: `master`, which deploys. */
  branch?: string
  /** Added to the repository's configuration. */
  config?: object
}

const key = (name: string) => new RegExp(`/builds/1/${name}`)
const RUN = { method: 'PUT', address: key('jobs/0/1/[a-z-]+\\.json') }
/** The records of the job that deploys. */
const deployRecord = (name: string) => ({ method: 'PUT', address: key(`jobs/1/1/${name}`) })
const DEPLOY_CLAIM = deployRecord('claim\\.json')
const DEPLOY_END = deployRecord('end\\.json')
/** The records of the stage, all of which report writes. */
const stageRecord = (name: string) => ({ method: 'PUT', address: new RegExp(`/stages/dev/${name}\\.json`) })
const FREED = { ...stageRecord('lock'), body: /"holder":null/ }
const JOB_MESSAGE = { method: 'POST', address: /\/invocations$/, body: /"identity":null/ }
const DEPLOY_MESSAGE = { method: 'POST', address: /\/invocations$/, body: /"identity":\{"name":"deploy"/ }
/** The job message of a branch that may not deploy. */
const PUBLISHED = { method: 'POST', address: /^\/$/, body: /jobs/ }
const ON_TOPIC = { service: 'sns', branch: 'topic', deploy: undefined } as const
const kill = (name: KilledFunction): Scenario['fault'] => ({ kill: name })
/** A scenario that ends well, and deploys, unless `rest` says otherwise. */
export const at = (
  name: string,
  fault: Scenario['fault'],
  rule: Scenario['rule'],
  rest: Partial<Scenario> = {},
): Scenario => ({
  name,
  service: 's3',
  rule,
  fault,
  conclusion: 'passed',
  deploy: 'succeeded',
  ...rest,
})

const dead = { conclusion: 'errored' as const, deploy: undefined }
/** What a deploy that died has deployed may run. */
const deadDeploy = {
  ...({ conclusion: 'failed', deploy: 'failed' } as const),
  reason: /^Tests passed, deploy to dev failed: The job died: /,
}
const KILLED: Scenario[] = [
  at('build killed before its claim', kill('build'), RUN),
  at('build killed after its claim', kill('build'), { ...RUN, when: 'after' }, dead),
  at(
    'build killed during its fetch',
    kill('build'),
    { method: 'GET', address: /\.git\/info\/refs/ },
    // The claim is sent while git fetches. If it was not sent yet, Lambda tries again, and the build passes.
    { service: 'github', mayBeDead: true },
  ),
  at(
    'build killed as it records that it is running',
    kill('build'),
    { ...RUN, body: /"phase":"running"/ },
    dead,
  ),
  at(
    'build killed during its command',
    kill('build'),
    { method: 'PUT', address: key('jobs/0/1/log/') },
    { ...dead, cmd: 'echo tested; sleep 30' },
  ),
  at(
    'build killed while it writes log.txt',
    kill('build'),
    { method: 'PUT', address: key('jobs/0/1/log\\.txt') },
    dead,
  ),
  at('build killed before its end record', kill('build'), { ...RUN, body: /"phase":"ended"/ }, dead),
  at('build killed after its end record', kill('build'), { ...RUN, body: /"phase":"ended"/, when: 'after' }),
  at('deploy killed before its claim', kill('deploy'), DEPLOY_CLAIM),
  at('deploy killed after its claim', kill('deploy'), { ...DEPLOY_CLAIM, when: 'after' }, deadDeploy),
  at('deploy killed during its command', kill('deploy'), deployRecord('log/'), {
    ...deadDeploy,
    config: { deploy: 'echo deploying; sleep 30' },
  }),
  at('deploy killed while it writes log.txt', kill('deploy'), deployRecord('log\\.txt'), deadDeploy),
  at('deploy killed before its end record', kill('deploy'), DEPLOY_END, deadDeploy),
  at('deploy killed after its end record', kill('deploy'), { ...DEPLOY_END, when: 'after' }),
  ...(['before', 'after'] as const).flatMap(when => [
    at(`report killed ${when} the deploy joins the queue`, kill('report'), { ...stageRecord('next'), when }),
    at(`report killed ${when} it takes the stage`, kill('report'), { ...stageRecord('lock'), when }),
    at(`report killed ${when} it keeps the stage`, kill('report'), { ...stageRecord('lock'), nth: 2, when }),
    at(`report killed ${when} the deploy leaves the queue`, kill('report'), {
      ...stageRecord('next'),
      ...{ nth: 2, when },
    }),
    at(`report killed ${when} it records the start of the deploy`, kill('report'), {
      ...stageRecord('current'),
      when,
    }),
    at(
      `report killed ${when} it starts the deploy`,
      kill('report'),
      { ...DEPLOY_MESSAGE, when },
      { service: 'lambda' },
    ),
    at(`report killed ${when} it records the deployment`, kill('report'), {
      ...stageRecord('deploys/1'),
      when,
    }),
    at(`report killed ${when} it records the end of the deploy`, kill('report'), {
      ...stageRecord('current'),
      ...{ nth: 2, when },
    }),
    at(`report killed ${when} it frees the stage`, kill('report'), { ...FREED, when }),
  ]),
  at(
    'report killed while GitHub compares commits',
    kill('report'),
    { method: 'GET', address: /\/compare\// },
    { service: 'github' },
  ),
  at('report killed before it writes its record', kill('report'), {
    method: 'PUT',
    address: key('report\\.json'),
  }),
  at('report killed after it has written its record', kill('report'), {
    method: 'PUT',
    address: key('report\\.json'),
    nth: 2,
    when: 'after',
  }),
  at(
    'report killed while it sets the status',
    kill('report'),
    { method: 'POST', address: /\/statuses\// },
    { service: 'github' },
  ),
  at(
    'report killed while it sends the notification',
    kill('report'),
    { method: 'POST', address: /^\/$/, body: /Subject=/ },
    { service: 'sns' },
  ),
  at('http killed before it writes build.json', kill('http'), {
    method: 'PUT',
    address: key('build\\.json'),
  }),
  at('http killed after it has written build.json', kill('http'), {
    method: 'PUT',
    address: key('build\\.json'),
    when: 'after',
  }),
  at('http killed before it starts the job', kill('http'), JOB_MESSAGE, { service: 'lambda' }),
  at(
    'http killed after it has started the job',
    kill('http'),
    { ...JOB_MESSAGE, when: 'after' },
    { service: 'lambda' },
  ),
  at('http killed before it publishes the job message', kill('http'), PUBLISHED, ON_TOPIC),
  at(
    'http killed after it has published the job message',
    kill('http'),
    { ...PUBLISHED, when: 'after' },
    ON_TOPIC,
  ),
]

/** The build's own command kills or stops its runner, as the kernel and Lambda would, or does not end. */
const FROM_COMMAND: Scenario[] = [
  at(
    'out of memory: the kernel kills the runner',
    'none',
    { ...RUN, body: /"phase":"running"/ },
    {
      ...dead,
      cmd: 'echo tested; sleep 0.5; kill -9 $PPID; sleep 60',
      reason: /most likely for lack of memory/,
    },
  ),
  at(
    'out of memory: the kernel kills the deploy',
    'none',
    { ...RUN, body: /"phase":"running"/ },
    {
      ...deadDeploy,
      config: { deploy: 'echo deploying; sleep 0.5; kill -9 $PPID; sleep 60' },
      reason: /^Tests passed, deploy to dev failed: The job died: .*most likely for lack of memory/,
    },
  ),
  at(
    'a deploy that does not end',
    'none',
    { ...RUN, body: /"phase":"running"/ },
    {
      ...({ conclusion: 'failed', deploy: 'failed' } as const),
      config: { deploy: 'trap "" TERM; echo deploying; sleep 60 & wait; sleep 60' },
      reason: /^Tests passed, deploy to dev failed: Timed out after /,
    },
  ),
  at(
    "Lambda's timeout: the runner stops without an end record",
    'none',
    { ...RUN, body: /"phase":"running"/ },
    {
      ...dead,
      cmd: 'echo tested; sleep 0.5; kill -STOP $PPID; sleep 60',
      reason: /function's own time limit/,
    },
  ),
  at(
    'a command that does not end',
    'none',
    { ...RUN, body: /"phase":"running"/ },
    { conclusion: 'failed', deploy: undefined, cmd: 'trap "" TERM; echo tested; sleep 60 & wait; sleep 60' },
  ),
  at(
    'a filter of the output that does not end',
    'none',
    { ...RUN, body: /"phase":"running"/ },
    {
      cmd: 'exec > >(while read -r line; do echo "[12:00] $line"; done; sleep 60); echo tested',
      log: /\[12:00] tested\n▸ Output was cut off/,
    },
  ),
  at(
    'a Node child makes the output non-blocking and is killed',
    'none',
    { ...RUN, body: /"phase":"running"/ },
    {
      cmd: 'node -e "process.stdout.write(`.`); process.kill(process.pid, 9)"; sleep 0.2; seq 1 1000000 && echo tested',
      log: /\n1000000\ntested\n/,
    },
  ),
]

/** A fault at the n-th request to S3, whatever that is. */
const NTH: Scenario[] = ([500, 'lost'] as const).flatMap(fault =>
  Array.from({ length: 40 }, (_, index) =>
    at(`S3 ${fault} at request ${index + 1}`, fault, { method: /./, address: /./, nth: index + 1 }),
  ),
)

const POINTS: [name: string, rule: Scenario['rule'], more?: Partial<Scenario>][] = [
  ['build.json', { method: 'PUT', address: key('build\\.json') }],
  ['the claim', RUN],
  ['the running record', { ...RUN, body: /"phase":"running"/ }],
  // Output of the last second goes straight into log.txt, without a segment.
  [
    'a log segment',
    { method: 'PUT', address: key('jobs/0/1/log/') },
    { cmd: 'echo tested; sleep 2; echo again' },
  ],
  ['log.txt', { method: 'PUT', address: key('jobs/0/1/log\\.txt') }],
  ['the end record', { ...RUN, body: /"phase":"ended"/ }],
  ['report.json', { method: 'PUT', address: key('report\\.json') }],
  ['the branch', { method: 'PUT', address: /\/branches\// }],
  ['the queue', stageRecord('next')],
  ['the lock', stageRecord('lock')],
  ['the freed lock', FREED],
  ['what is being deployed', stageRecord('current')],
  ['what was deployed', { ...stageRecord('current'), nth: 2 }],
  ['the deployment record', stageRecord('deploys/1')],
  ["the deploy's claim", DEPLOY_CLAIM],
  ["the deploy's log.txt", deployRecord('log\\.txt')],
  ["the deploy's end record", DEPLOY_END],
]
/** A server that never answers is not waited for indefinitely. */
const SILENT: Scenario[] = [
  ...POINTS.filter(([name]) => /build|claim|segment|end record|report/.test(name)).map(([name, rule, more]) =>
    at(`S3 silent at ${name}`, 'silence', rule, more),
  ),
  at('SNS silent at the job message', 'silence', PUBLISHED, ON_TOPIC),
  at('Lambda silent at the start of the job', 'silence', JOB_MESSAGE, { service: 'lambda' }),
  at('Lambda silent at the start of the deploy', 'silence', DEPLOY_MESSAGE, { service: 'lambda' }),
  at(
    'GitHub silent at a status',
    'silence',
    { method: 'POST', address: /\/statuses\// },
    { service: 'github' },
  ),
]
const S3_FAULTS: Scenario['fault'][] = [500, 503, 'reset', 'lost', 'slow']
const S3: Scenario[] = POINTS.flatMap(([name, rule, more]) =>
  S3_FAULTS.map(fault => at(`S3 ${fault} at ${name}`, fault, rule, more)),
)
const CONDITIONAL: Scenario[] = [
  ...['build.json', 'the claim', 'report.json', "the deploy's claim"],
  ...['the queue', 'the lock', 'the freed lock', 'what is being deployed', 'what was deployed'],
].map(name => {
  const [, rule] = POINTS.find(([point]) => point === name) ?? ['', RUN]
  return at(`S3 409 at ${name}`, 409, rule)
})

/** Five are over before the events of the first job are, and further ones follow; the others only have Lambda's three attempts. */
const READS: [name: string, address: RegExp, times: number][] = [
  ['build.json', key('build\\.json'), 5],
  ["a job's record", key('jobs/0/1/[a-z-]+\\.json'), 5],
  ['report.json', key('report\\.json'), 5],
  ["the commit's record", /\/commits\//, 2],
  ['the queue', /\/stages\/dev\/next\.json/, 2],
  ['the lock', /\/stages\/dev\/lock\.json/, 2],
  ['what was deployed', /\/stages\/dev\/current\.json/, 2],
  ["the deploy's records", key('jobs/1/1/[a-z-]+\\.json'), 2],
]
/** A record that S3 refuses to show is not a missing one: report is started again. */
const DENIED: Scenario[] = READS.map(([name, address, times]) =>
  at(`S3 403 at the first reads of ${name}`, 'denied', { method: 'GET', address, times }),
)

const STATUS = { method: 'POST', address: /\/statuses\// }
const FINAL = { ...STATUS, body: /"state":"success"/ }
const COMPARISON = { method: 'GET', address: /\/compare\// }
const GITHUB: Scenario[] = [
  ...([500, 502, 'reset', 'lost'] as const).map(fault =>
    at(`GitHub ${fault} at a status`, fault, STATUS, { service: 'github' }),
  ),
  at('GitHub 403 with retry-after', 403, STATUS, { service: 'github' }),
  ...([401, 422, 404] as const).map(fault =>
    at(
      `GitHub ${fault} at every status`,
      fault,
      { ...STATUS, times: 1000 },
      { service: 'github', status: false },
    ),
  ),
  // As long as "running" stands, no refusal is final.
  ...([401, 403, 404, 410, 422] as const).map(fault =>
    at(`GitHub ${fault} at the final status, twice`, fault, { ...FINAL, times: 2 }, { service: 'github' }),
  ),
  ...([500, 'reset', 'silence'] as const).map(fault =>
    at(`GitHub ${fault} at a comparison`, fault, COMPARISON, { service: 'github' }),
  ),
  at('GitHub 500 at a deployment', 500, { method: 'POST', address: /\/deployments$/ }, { service: 'github' }),
]
const INFO = { method: 'GET', address: /\.git\/info\/refs/ }
/** The second request lists what is wanted, the first only the server's abilities. */
const PACK = { method: 'POST', address: /\.git\/git-upload-pack/ }
const GIT: Scenario[] = [
  ...([500, 502, 503, 504, 429, 'reset', 'lost'] as const).map(fault =>
    at(`GitHub ${fault} at git`, fault, INFO, { service: 'github' }),
  ),
  // After a reset of a connection that it has used before, curl itself connects once more.
  ...([502, 429, 'reset', 'lost', 'cut', 'absent'] as const).map(fault =>
    at(`GitHub ${fault} at git's pack`, fault, { ...PACK, times: 2 }, { service: 'github' }),
  ),
  // The repository is public: GitHub answers these, too, when it limits fetches without a token.
  ...([401, 403, 404] as const).map(fault =>
    at(`GitHub ${fault} at git, twice`, fault, { ...INFO, times: 2 }, { service: 'github' }),
  ),
  at(
    'GitHub 502 at git, for ever',
    502,
    { ...INFO, times: 1000 },
    { ...dead, service: 'github', reason: /GitHub answered 502 \(after 4 attempts\)/ },
  ),
  at(
    'a commit that never comes',
    'absent',
    { ...PACK, times: 1000 },
    { ...dead, service: 'github', reason: /GitHub does not have the commit yet \(after 4 attempts\)/ },
  ),
]
const SNS: Scenario[] = [
  at('SNS 500 at the job message', 500, PUBLISHED, ON_TOPIC),
  at('SNS lost at the job message', 'lost', PUBLISHED, ON_TOPIC),
  at(
    'SNS 500 at the notification',
    500,
    { method: 'POST', address: /^\/$/, body: /Subject=/ },
    { service: 'sns' },
  ),
]

const LAMBDA: Scenario[] = ([500, 'reset', 'lost'] as const).flatMap(fault => [
  at(`Lambda ${fault} at the start of the job`, fault, JOB_MESSAGE, { service: 'lambda' }),
  at(`Lambda ${fault} at the start of the deploy`, fault, DEPLOY_MESSAGE, { service: 'lambda' }),
])

const CACHED = { cmd: 'mkdir -p deps; date > deps/made; echo tested', config: { cache: ['deps'] } }
/** Without its cache a build takes longer, with the same conclusion. */
const CACHE: Scenario[] = ([500, 403, 'reset', 'silence'] as const).flatMap(fault =>
  (['GET', 'PUT'] as const).map(method =>
    at(
      `S3 ${fault} at every ${method} of a cache`,
      fault,
      { method, address: /\/cache\//, times: 1000 },
      CACHED,
    ),
  ),
)
const KILLED_SAVING = at(
  'build killed while it saves a cache',
  kill('build'),
  { method: 'PUT', address: /\/cache\// },
  CACHED,
)

/** Scenarios that kill processes run one at a time, so that no other scenario's process is killed. */
export const SEQUENTIAL = [...KILLED, KILLED_SAVING]
export const CONCURRENT: Scenario[] = [
  ...FROM_COMMAND,
  ...SILENT,
  ...NTH,
  ...S3,
  ...CONDITIONAL,
  ...DENIED,
  ...GITHUB,
  ...GIT,
  ...SNS,
  ...LAMBDA,
  ...CACHE,
]
