import { expect, test } from 'vitest'
import { describePlan } from '../../../src/planning/describe.ts'
import { FORK, PULL, plan } from '../../support/planning.ts'

function described(...parts: Parameters<typeof plan>): string {
  const { plan: planned, resolved } = plan(...parts)
  return describePlan(planned, resolved)
}

test('the classic configuration', () => {
  const values = {
    cmd: 'pip install --user tox && tox',
    env: { TOX_SKIP_ENV: 'not shown', A: 1 },
    timeout: 600,
    stages: { master: 'dev', qa: 'qa' },
    deploy: 'zappa update $LAMBCI_STAGE',
  }
  expect(described({}, values, { git: { depth: 1 } })).toBe(
    `
Build      Branch "master" is built: branches.master enables it.
Command    pip install --user tox && tox
Deploy     zappa update $LAMBCI_STAGE
Stage      Branch "master" is deployed to stage dev (stages.master).
Timeout    600 seconds for each command
Variables  TOX_SKIP_ENV, A
Settings   cmd, env, stages, deploy, timeout from .lambci.json
Settings   build from branches.master
Settings   git from config/global.json`.trim(),
  )
})

test('variables that name proxies and certificates are left out', () => {
  const env = { https_proxy: 'http://proxy', NODE_EXTRA_CA_CERTS: '/ca.pem', TOX_SKIP_ENV: 'x' }
  expect(described({}, { cmd: 'make', env })).toMatch(/^Variables {2}TOX_SKIP_ENV$/m)
  const { TOX_SKIP_ENV: _, ...network } = env
  expect(described({}, { cmd: 'make', env: network })).not.toContain('Variables')
})

test('a build that does not run', () => {
  expect(described({ ...FORK, isPrivate: true }, { clearTmp: true })).toBe(
    `
Build      Pull request #7 is not built: pullRequests.fromForkPrivateRepo disables pull requests from forks of a private repository.
Note       .lambci.json at the base commit: "clearTmp" is no longer needed. You can remove it.`.trim(),
  )
})

test('the merge of a pull request, before and after it is known', () => {
  const { plan: planned, resolved } = plan(PULL, { cmd: 'make', pullRequests: { merge: true } })
  expect(describePlan(planned, resolved)).toContain(
    '\nMerge      The merge into the base branch is tested, not the head.\n',
  )
  const merge = { commit: 'c'.repeat(40), base: 'd'.repeat(40) }
  expect(describePlan(planned, { ...resolved, merge })).toContain(
    '\nMerge      Commit cccccccccc is tested: the head, merged into the base branch at dddddddddd.\n',
  )
  expect(described(PULL, { cmd: 'make' })).not.toContain('Merge')
})

test('commands of several lines stay aligned, and control characters are escaped', () => {
  const text = described({}, { cmd: 'set -e\n\tmake\r\n\u001b[2J\u009b\u202emake test\n' })
  expect(text.split('\n').slice(1, 4)).toEqual([
    'Command    set -e',
    '             make',
    '           \\x1b[2J\\x9b\\u202emake test',
  ])
})

test('what LambCI gave to commands is noted, in the command and in the deploy', () => {
  const values = {
    cmd: 'nave use 10 npm test && aws s3 ls && echo $GITHUB_TOKEN',
    stages: { master: 'dev' },
    deploy: '. ~/init/go && aws s3 sync . s3://bucket',
  }
  const notes = (text: string) => text.split('\n').filter(line => line.startsWith('Note'))
  expect(notes(described({}, values))).toEqual([
    expect.stringContaining('nave runs the versions of Node that are in the image'),
    expect.stringContaining('aws gets no credentials here'),
    expect.stringContaining('GITHUB_TOKEN is not given to commands'),
    expect.stringContaining('~/init/go exists in an image with this toolchain'),
  ])
  const { plan: planned, resolved } = plan({}, values)
  expect(notes(describePlan(planned, resolved, ['GITHUB_TOKEN', 'AWS_ACCESS_KEY_ID']))).toHaveLength(2)
})

test('jobs: why each takes part, what it runs, gets and leaves', () => {
  const values = {
    setup: 'npm ci',
    cache: [{ paths: ['~/.npm'], key: ['package-lock.json'] }],
    failFast: false,
    maxParallel: 3,
    jobs: {
      lint: { cmd: 'npm run lint', allowFailure: true, setup: false, cache: [] },
      node: { cmd: 'test $NODE', matrix: { NODE: ['22', '24'] }, shards: 2, secrets: ['TOKEN'], timeout: 60 },
      build: {
        cmd: 'make',
        artifacts: { dist: ['out'], log: { paths: ['l'], when: 'always' } },
        secrets: [],
      },
      e2e: {
        cmd: ['a', 'b'],
        needs: ['build', { job: 'lint', artifacts: [] }],
        branches: ['/^m/'],
        on: 'push',
      },
      docs: { cmd: 'x', on: 'pullRequest' },
    },
    stages: { master: 'dev' },
    deploy: { cmd: 'cdk deploy', artifacts: ['dist'] },
  }
  const { plan: planned, resolved } = plan({}, values)
  expect(describePlan(planned, resolved, ['TOKEN', 'OTHER'])).toBe(
    `
Build      Branch "master" is built: branches.master enables it.
Job        lint: It takes part in every build.
           $ npm run lint
           Secrets: TOKEN, OTHER
           The build may pass although it fails.
Job        node (4 jobs): It takes part in every build.
           $ npm ci
           $ test $NODE
           Matrix: NODE=22; NODE=24
           Shards: 2
           Timeout: 60 seconds
           Secrets: TOKEN
           Cache: ~/.npm (by package-lock.json)
Job        build: It takes part in every build.
           $ npm ci
           $ make
           Secrets: none
           Cache: ~/.npm (by package-lock.json)
           Artifacts: dist (out), log (l; always)
Job        e2e: It takes part: jobs.e2e.on is for pushes, and the rule "/^m/" in jobs.e2e.branches matches.
           $ npm ci
           $ a
           b
           Secrets: TOKEN, OTHER
           Cache: ~/.npm (by package-lock.json)
           Needs: build, with dist (out), log (l; always)
           Needs: lint, without artifacts
Left out   docs: jobs.docs.on is for pull requests only.
Failure    A job that fails does not end the others.
Parallel   At most 3 jobs at once.
Deploy     $ npm ci
           $ cdk deploy
           Artifacts: dist
           Cache: ~/.npm (by package-lock.json)
Stage      Branch "master" is deployed to stage dev (stages.master).
Settings   build from branches.master
Settings   stages, deploy, cache, setup, failFast, maxParallel, jobs from .lambci.json`.trim(),
  )
})

test('a build in which no job applies', () => {
  expect(described({}, { jobs: { a: { cmd: 'x', on: 'pullRequest' } } })).toContain(
    'Jobs       No job applies.\nLeft out   a: jobs.a.on is for pull requests only.\n',
  )
})

test('the test reports of a command, and what they decide', () => {
  const tests = { files: ['r/**/*.xml', 'out.tap'], verdict: 'exit', allowEmpty: true }
  expect(described({}, { cmd: 'make', tests: ['r.xml'] })).toContain('Command    make\nTests      r.xml\n')
  expect(described({}, { cmd: 'make', tests: [] })).not.toContain('Tests')
  expect(described({}, { jobs: { a: { cmd: 'make', tests } } })).toContain(
    'Tests: r/**/*.xml, out.tap (the exit code decides) (may be empty)\n',
  )
})

test('"cmd" with setup and artifacts, and a pipe in it', () => {
  expect(described({}, { cmd: 'a | b', setup: 'c', artifacts: ['dist'] })).toContain(
    'Setup      c\nCommand    a | b\nArtifacts  build (dist)\n',
  )
  expect(described({}, { cmd: 'a | b' })).toContain(
    'Note       Of a pipe in "cmd" only the last command counts',
  )
  expect(described({}, { jobs: { a: 'a | b' } })).not.toContain('Of a pipe')
})

const ROLE = 'arn:aws:iam::123456789012:role/integration'

test('a role and a token are shown with who can reach them', () => {
  const branch = { jobRoles: { build: { role: ROLE, trust: 'branch' } }, jobToken: true }
  expect(described({}, { cmd: 'make' }, branch)).toContain(`
Command    make
Role       ${ROLE}; every branch of every repository in this account can reach it
Token      GITHUB_TOKEN, which can only read this repository; every job of its branch can reach it; without tenant isolation, every deploy branch of every repository in this account
`)
  const job = { jobs: { unit: 'make', integration: 'aws s3 ls' } }
  const text = described({}, job, { jobRoles: { integration: ROLE } })
  expect(text).toContain(`
           Role: ${ROLE}; every job of its branch can reach it; without tenant isolation, every deploy branch of every repository in this account
`)
  expect(text).not.toContain('aws gets no credentials')
  expect(described({}, job)).toContain('aws gets no credentials')
})

test('a role that a build does not get is a note, without its ARN', () => {
  const settings = { jobRoles: { build: { role: ROLE, branches: ['main'], trust: 'branch' } } }
  const notes = [
    [{ ...PULL, checkoutBranch: 'topic' }, 'in "jobRoles" it is for the branches main'],
    [FORK, 'pull requests from forks and from Dependabot never get one'],
  ] as const
  for (const [build, why] of notes) {
    const text = described(build, { cmd: 'make' }, settings)
    expect(text).toContain(`Note       Job build does not get its role: ${why}.`)
    expect(text).not.toContain(ROLE)
  }
})
