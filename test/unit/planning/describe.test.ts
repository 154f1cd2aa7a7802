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
    expect.stringContaining('nave is not in the image'),
    expect.stringContaining('aws gets no credentials here'),
    expect.stringContaining('GITHUB_TOKEN is not given to commands'),
    expect.stringContaining('~/init/go does not exist'),
  ])
  const { plan: planned, resolved } = plan({}, values)
  expect(notes(describePlan(planned, resolved, ['GITHUB_TOKEN', 'AWS_ACCESS_KEY_ID']))).toHaveLength(2)
})
