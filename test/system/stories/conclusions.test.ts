import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Files, lambciJson, sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

type ExpectedEnd = {
  files: Files
  conclusion: string
  exit?: object | null
  status: string | RegExp
  log?: string | RegExp
  mail?: RegExp
}

const builds: Record<string, ExpectedEnd> = {
  'an exit code without a deploy': {
    files: lambciJson('echo before; exit 7', { stages: { master: 'dev' }, deploy: 'echo never' }),
    conclusion: 'failed',
    exit: { kind: 'exited', code: 7 },
    status: /^failure lambci\/push: Failed: echo before; exit 7 ended with exit code 7$/,
  },
  'missing AWS credentials': {
    files: lambciJson(
      'echo "Unable to locate credentials. You can configure credentials by running aws configure." >&2; exit 253',
    ),
    conclusion: 'failed',
    status: /ended with exit code 253$/,
    log: /ended with exit code 253\n▸ This command has no AWS credentials\. Move the deploy to "deploy", or give the job a role: .* lambci secret set AWS_ACCESS_KEY_ID [\w-]+\/[\w-]+\n/,
  },
  'a signal': {
    files: lambciJson('kill -9 $$'),
    conclusion: 'failed',
    exit: { kind: 'signalled', signal: 'SIGKILL' },
    status: 'failure lambci/push: Failed: kill -9 $$ was killed by SIGKILL',
  },
  'a timeout': {
    files: lambciJson('trap "" TERM; echo waiting; sleep 100 & wait; sleep 100', { timeout: 1 }),
    conclusion: 'failed',
    exit: { kind: 'timed-out' },
    status: /^failure lambci\/push: Timed out after \d(\.\d)? s$/,
    log: 'waiting',
  },
  'a background process left behind': {
    files: lambciJson('echo started; sleep 1000 & setsid sleep 1000 & exit 0'),
    conclusion: 'passed',
    exit: { kind: 'exited', code: 0 },
    status: /^success lambci\/push: Passed in [\d.]+ s$/,
    log: /started\n▸ Processes that were left in the background have been ended\./,
  },
  'a slow filter of the output': {
    files: {
      ...lambciJson('bash test.sh'),
      'test.sh':
        'exec > >(while read -r l; do sleep 0.05; echo "[12:00] $l"; done)\nseq 1 15; echo why; exit 3\n',
    },
    conclusion: 'failed',
    exit: { kind: 'exited', code: 3 },
    status: /exit code 3$/,
    log: /\[12:00] 15\n\[12:00] why\n▸ bash test\.sh ended with exit code 3\n/,
  },
  'a progress bar after the error': {
    files: {
      ...lambciJson('bash test.sh'),
      'test.sh':
        'echo "Error: disk full"; for i in $(seq 1 9000); do printf "\\rcopied %d" "$i"; done; exit 1\n',
    },
    conclusion: 'failed',
    status: /exit code 1$/,
    mail: /^ {4}Error: disk full\n {4}copied 9000$/m,
  },
  'malformed JSON': {
    files: { '.lambci.json': '{"cmd": "true",}' },
    conclusion: 'errored',
    exit: null,
    status: /^error lambci\/push: Error: \.lambci\.json is not valid JSON: line 1, column 16/,
    log: '.lambci.json is not valid JSON',
  },
  'a failed deploy': {
    files: lambciJson('true', { stages: { master: 'dev' }, deploy: 'echo deploying; exit 9' }),
    conclusion: 'failed',
    status:
      /^failure lambci\/push: Tests passed, deploy to dev failed: echo deploying; exit 9 ended with exit code 9$/,
    log: 'ended with exit code 9',
  },
}

test.each(Object.entries(builds))('%s', async (name, { files, conclusion, exit, status, log, mail }) => {
  const repository = `ends/${name.replaceAll(' ', '-')}`
  const at = await ci.write(files)
  const commit = await ci.push(at, repository, 'master')
  const view = await ci.ended({ project: `gh/${repository}`, number: 1 })
  expect(view.status).toBe(conclusion)
  if (exit === null) expect(view.exit).toBeNull()
  else if (exit) expect(view.exit).toMatchObject(exit)
  const statuses = await ci.statuses(repository, commit)
  // The status of every build that ran ends with its cost.
  const [shown = '', cost] = statuses.at(-1)?.split(/ · (?=~\$)/) ?? []
  expect(shown).toMatch(status)
  expect(cost).toMatch(/^~\$0\.000\d$/)
  expect(statuses.at(-1)?.replace(/^\S+ \S+ /, '').length).toBeLessThanOrEqual(140)
  if (log) expect(await ci.log(view)).toMatch(log)
  if (conclusion === 'failed') {
    const { text } = await ci.until('the mail', async () =>
      ci.mails.find(({ subject }) => subject?.includes(repository)),
    )
    expect(text).toMatch(/lines? of the (log|output):|The first (test that failed|error):/)
    if (mail) expect(text).toMatch(mail)
  }
  if (name === 'an exit code without a deploy') expect(await ci.log(view)).not.toContain('▸ $ echo never')
})

test('a secret that is cut off in the shortened command stays hidden', async () => {
  const secret = 'tok_SUPERSECRET_0123456789'
  await ci.system.store.put(
    'secrets/env/gh/ends/cut.json',
    JSON.stringify({ TOKEN: secret }),
    'application/json',
  )
  const at = await ci.write(lambciJson(`${': '.padEnd(50, 'x')} ${secret}; exit 1`))
  const commit = await ci.push(at, 'ends/cut', 'master')
  const view = await ci.ended({ project: 'gh/ends/cut', number: 1 })
  expect(view.status).toBe('failed')
  const delivered = [
    await ci.log(view),
    JSON.stringify(view),
    ...(await ci.statuses('ends/cut', commit)),
  ].join('\n')
  expect(delivered).not.toContain('tok_')
})

test("a missing commit is reported with git's message, without a token", async () => {
  const at = await ci.write(lambciJson('true'))
  await ci.api('POST', '/user/repos', { name: 'gone' })
  const { login } = await ci.api('GET', '/user')
  const commit = await ci.commit(at)
  const { id } = await ci.api('GET', `/repos/${login}/gone`)
  await ci.api('DELETE', `/repos/${login}/gone`)
  const response = await sendPush(login, id, commit)
  expect(response.status).toBe(202)
  const build = { project: `gh/${login}/gone`, number: 1 }
  // GitHub's refusal of its status is not believed at once.
  const view = await ci.until('its end', async () => {
    const found = await ci.view(build)
    return found?.status === 'errored' && found
  })
  expect(view).toMatchObject({ status: 'errored', reason: expect.stringMatching(/^Fetching .* failed: /) })
  expect(await ci.log(view)).not.toContain(ci.system.keys.githubToken)
})

/** Sends a signed push of a commit whose repository has been deleted. */
async function sendPush(login: string, id: number, commit: string): Promise<Response> {
  const { createHmac, randomUUID } = await import('node:crypto')
  const { url, webhookSecret } = ci.system.addresses
  const signer = { name: 'Ada', email: 'ada@example.com', username: 'ada' }
  const body = JSON.stringify({
    ref: 'refs/heads/master',
    before: commit,
    after: commit,
    deleted: false,
    repository: { id, full_name: `${login}/gone`, private: false, default_branch: 'master' },
    head_commit: { id: commit, message: 'Gone', author: signer, committer: signer },
    commits: [],
    pusher: signer,
  })
  const headers = {
    'X-GitHub-Event': 'push',
    'X-GitHub-Delivery': randomUUID(),
    'X-Hub-Signature-256': `sha256=${createHmac('sha256', webhookSecret).update(body).digest('hex')}`,
    'content-type': 'application/json',
  }
  return fetch(`${url}/webhook`, { method: 'POST', headers, body })
}
