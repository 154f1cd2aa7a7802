import fc from 'fast-check'
import { expect, test } from 'vitest'
import { switchName } from '../../../src/admission/dead-mans-switch.ts'
import { branchSchema } from '../../../src/model/build.ts'
import {
  branchKey,
  branchKeys,
  buildKeys,
  cachePrefix,
  commitKey,
  counterKey,
  JOB_RECORDS,
  jobKeys,
  recordOfKey,
  repositoryKey,
  requestKey,
  settingsKeys,
  sharedCommitsKey,
  spendKeys,
  stageKeys,
  stageOfVariablesKey,
  stageVariablesKey,
  triggerKey,
  variablesKeys,
} from '../../../src/records/keys.ts'
import { badgePath, buildPath, repositoryPath } from '../../../src/records/links.ts'
import { HOSTILE } from '../../support/payloads.ts'

const build = { project: 'gh/ada/web', number: 12 }

test('what a record is of is recovered from its key', () => {
  const keys = buildKeys(build)
  for (const key of [keys.build, keys.report, keys.cancel]) expect(recordOfKey(key)).toEqual(build)
  const name = fc.stringMatching(/^[A-Za-z0-9_-][A-Za-z0-9_-]{0,30}$/)
  fc.assert(
    fc.property(name, name, fc.integer({ min: 1, max: 9_999_999_999 }), (owner, repo, number) => {
      const ref = { project: `gh/${owner}/${repo}`, number }
      const job = { key: number % 256, attempt: (number % 9) + 1 }
      for (const record of JOB_RECORDS)
        expect(recordOfKey(jobKeys(ref, job).record(record))).toEqual({
          ...{ project: ref.project.toLowerCase(), number },
          job: { ...job, record },
        })
    }),
  )
})

test('no spelling of a repository has keys or paths of its own', () => {
  const allOf = (project: string) => [
    ...[
      counterKey(project),
      repositoryKey(project),
      branchKey(project, 'Main'),
      cachePrefix(project, 'branch'),
      commitKey(project, 'a'.repeat(40)),
      triggerKey({ project, trigger: 'push/Main' }),
      sharedCommitsKey({ project, trigger: 'push/Main' }),
      spendKeys.month(project, '2026-11'),
    ],
    ...[
      ...settingsKeys(project),
      ...variablesKeys(project),
      ...['*', 'qa'].map(stage => stageVariablesKey({ project, stage })),
      ...Object.values(buildKeys({ project, number: 1 })),
      ...[jobKeys({ project, number: 1 }).prefix, jobKeys({ project, number: 1 }).log.whole],
    ],
    ...[...Object.values(stageKeys({ project, stage: 'qa' })), stageKeys({ project, stage: 'qa' }).deploy(1)],
    ...[repositoryPath(project), badgePath(project), buildPath({ project, number: 1 })],
    switchName({ project, number: 1 }),
  ]
  const plain = allOf('gh/ada/web.site')
  for (const project of ['gh/Ada/web.site', 'gh/ada/Web.Site', 'gh/ADA/WEB.SITE'])
    expect(JSON.stringify(allOf(project))).toBe(JSON.stringify(plain))
  expect(recordOfKey('gh/Ada/web/builds/1/jobs/0/1/end.json')).toBeNull()
})

test('the secrets of a stage have a key that no repository, no other stage and no pattern has', () => {
  const name = fc.stringMatching(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,30}$/).filter(text => !/\.git$/i.test(text))
  const stage = fc.oneof(fc.constant('*'), fc.stringMatching(/^[a-z][a-z0-9-]{0,39}$/))
  const projects = fc
    .tuple(name, name, fc.constantFrom('', '@4711'))
    .map(([owner, repo, id]) => `gh/${owner}/${repo}${id}`)
  fc.assert(
    fc.property(projects, stage, projects, stage, (project, stage, other, otherStage) => {
      const key = stageVariablesKey({ project, stage })
      expect(stageOfVariablesKey(key)).toEqual({ project: project.toLowerCase(), stage })
      expect(key).toMatch(/^secrets\/env\/[^*?A-Z]+$/)
      expect(variablesKeys(other)).not.toContain(key)
      const isSame = project.toLowerCase() === other.toLowerCase() && stage === otherStage
      expect(stageVariablesKey({ project: other, stage: otherStage }) === key).toBe(isSame)
    }),
  )
})

test.each([
  'secrets/env/global.json',
  'secrets/env/global/qa.json',
  'secrets/env/gh/ada/web.json',
  'secrets/env/gh/ada/web/qa',
  'secrets/env/gh/ada/web/QA.json',
  'secrets/env/gh/Ada/web/qa.json',
  'secrets/env/gh/ada/web/*.json',
  'secrets/env/gh/ada/web/_All.json',
  'secrets/env/gh/ada/web/stages/qa.json',
  'secrets/env/gh/ada/web/qa.json.bak',
  'secrets/env/gh/ada/web/qa.json\n',
  'secrets/env/gh/ada/../qa.json',
  'secrets/gh/ada/web/qa.json',
  'config/gh/ada/web/qa.json',
  'x/secrets/env/gh/ada/web/qa.json',
])('%j is not the key of a stage', key => {
  expect(stageOfVariablesKey(key)).toBeNull()
})

test.each([
  ['gh/ada/web/builds/0/jobs/0/1/end.json'],
  ['gh/ada/web/builds/012/jobs/0/1/end.json'],
  ['gh/ada/web/builds/1e3/jobs/0/1/end.json'],
  ['gh/ada/web/builds/-1/jobs/0/1/end.json'],
  ['gh/ada/web/builds/99999999999/jobs/0/1/end.json'],
  ['gh/ada/web/builds/12/log.txt'],
  ['gh/ada/web/builds/12/log/000000000000.txt'],
  ['gh/ada/web/builds/12/jobs/0/1/end.json/x.json'],
  ['gh/ada/web/builds/12/jobs/0/1/end.json\n'],
  ['gh/ada/web/branches/master.json'],
  ['cache/gh/ada/web/branch/builds/12/jobs/0/1/end.json'],
  ['gh/../web/builds/12/jobs/0/1/end.json'],
  ['gh/ada/../builds/12/jobs/0/1/end.json'],
  ['gh/ada/w b/builds/12/jobs/0/1/end.json'],
  ['gh/ada/$(id)/builds/12/jobs/0/1/end.json'],
  ['x/gh/ada/web/builds/12/jobs/0/1/end.json'],
  ['config/gh/ada/web.json'],
  ['gh/ada/web/builds/12/jobs/0/1/log.txt'],
  ['gh/ada/web/builds/12/jobs/0/1/run.json'],
  ['gh/ada/web/builds/12/jobs/00/1/end.json'],
  ['gh/ada/web/builds/12/jobs/1000/1/end.json'],
  ['gh/ada/web/builds/12/jobs/0/0/end.json'],
  ['gh/ada/web/builds/12/jobs/0/end.json'],
  [''],
])('%j is not the key of a record', key => {
  expect(recordOfKey(key)).toBeNull()
})

test("keys of segments sort by first byte, and no other key has the segments' prefix", () => {
  const { log, record } = jobKeys(build)
  const keys = [0, 9, 10, 1_000_000, 536_870_912].map(log.segment)
  expect(keys.toSorted()).toEqual(keys)
  expect(keys.every(key => key.startsWith(log.prefix))).toBe(true)
  expect(
    [log.whole, log.prefix.slice(0, -1), ...JOB_RECORDS.map(record)].filter(key =>
      key.startsWith(log.prefix),
    ),
  ).toEqual([])
})

test.each([
  ['master', 'master'],
  ['a/b', 'a%2Fb'],
  ['a%2Fb', 'a%252Fb'],
  ['.', '%2E'],
  ['..', '%2E%2E'],
  ['../../x', '..%2F..%2Fx'],
  ['🎉', '%F0%9F%8E%89'],
  ['__proto__', '__proto__'],
])('branch %j is encoded as %j in a key', (branch, encoded) => {
  expect(branchKey('gh/ada/web', branch)).toBe(`gh/ada/web/branches/${encoded}.json`)
})

test('every branch and pull request has a distinct key with one level for its name, within the length limit of S3', () => {
  const triggers = [...HOSTILE.map(branch => `push/${branch}`), 'pr/7', 'push/pr/7']
  const [branches, triggered] = [
    HOSTILE.map(branch => branchKey('gh/ada/web', branch)),
    triggers.map(trigger => triggerKey({ project: 'gh/ada/web', trigger })),
  ]
  expect(new Set(branches).size).toBe(HOSTILE.length)
  expect(new Set(triggered).size).toBe(triggers.length)
  for (const key of [...branches, ...triggered]) expect(key.split('/')).toHaveLength(5)
  // GitHub's longest names: 39 and 100 characters, and 255 bytes for a branch (here 85 characters of three bytes).
  const [project, branch] = [`gh/${'o'.repeat(39)}/${'r'.repeat(100)}`, '語'.repeat(85)]
  for (const key of [branchKey(project, branch), triggerKey({ project, trigger: `push/${branch}` })])
    expect(Buffer.byteLength(key)).toBeLessThanOrEqual(1024)
})

test('no key of a branch or pull request triggers report, or leads anywhere else', () => {
  for (const name of ['gone', 'run', 'x/builds/7/run', '.', '..', '...', 'a..b', 'a.'])
    expect(triggerKey({ project: 'gh/ada/web', trigger: `push/${name}` })).not.toMatch(
      /\/(run|cancel|gone)\.json$|\.\./,
    )
})

test('any text that is a name has a key, with one level for it', () => {
  const text = fc.oneof(
    fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map(code => String.fromCharCode(code)) }),
    fc.constantFrom('\ud800', '\udc00x', '.', '..', ''),
  )
  const project = 'gh/ada/web'
  fc.assert(
    fc.property(text, name => {
      for (const key of [
        branchKey(project, name),
        triggerKey({ project, trigger: `push/${name}` }),
        sharedCommitsKey({ project, trigger: `push/${name}` }),
        requestKey(project, name),
      ])
        expect(key).toMatch(/^gh\/ada\/web\/(branches|triggers|shared-commits|requests)\/[!-.0-~]*\.json$/)
      expect(branchKeys.branchOf(branchKey(project, name))).toBe(name.toWellFormed())
      if (branchSchema.safeParse(name).success)
        expect(branchKeys.branchOf(branchKey(project, name))).toBe(name)
    }),
  )
})
