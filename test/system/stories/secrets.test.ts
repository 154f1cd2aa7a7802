import { afterAll, beforeAll, expect, test } from 'vitest'
import { readLog } from '../../../src/log/reader.ts'
import { jobKeys, settingsKeys } from '../../../src/records/keys.ts'
import { putJson } from '../../support/bucket.ts'
import { type Files, lambciJson, sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

/** Builds a repository with secret variables. Returns all that anyone is shown of it. */
async function build(repository: string, variables: Record<string, string>, files: Files) {
  const key = `secrets/env/gh/hidden/${repository}.json`
  await ci.system.store.put(key, JSON.stringify(variables), 'application/json')
  const project = `hidden/${repository}`
  const commit = await ci.push(await ci.write(files), project, 'master')
  const view = await ci.ended({ project: `gh/${project}`, number: 1 })
  const log = await ci.log(view)
  return { view, log, shown: [log, JSON.stringify(view), ...(await ci.statuses(project, commit))].join('\n') }
}

test('the log shows no secret, however the command writes it', async () => {
  const password = `it's "q7Rk2Zt" & $W9p!`
  const lines = ['MIIEvQIBADANBgkqhkiG9w0BAQEFAASC', 'kd72Fh', 'Qm4xPz', 'BKcwggSjAgEAAoIBAQDQ9sYv5zJ0k3nB']
  const command = [
    'set -x; : "user:$PASSWORD"; export -p; printf "%q\\n" "$PASSWORD"; echo $KEY; set +x',
    'printf "prefix %s" "$KEY" | base64 -w 64; printf %s "$KEY" | od -An -tx1',
    `for ((i = 0; i < \${#PASSWORD}; i++)); do printf '\\e[3%dm%s' $((i % 8)) "\${PASSWORD:i:1}"; done; printf '\\e[0m\\n'`,
    'exit 3',
  ].join('\n')
  const { view, log, shown } = await build(
    'forms',
    { PASSWORD: password, KEY: `${lines.join('\n')}\n` },
    lambciJson(command),
  )
  expect(view.exit).toEqual({ kind: 'exited', code: 3 })
  expect(log).toMatch(/^declare -x PASSWORD="\*\*\*"$/m)
  const base64 = [0, 1, 2].map(at =>
    Buffer.from(`${'.'.repeat(at)}${lines[0]}`)
      .toString('base64')
      .slice(4, 20),
  )
  const hex = Buffer.from(lines[0] ?? '')
    .toString('hex')
    .replace(/../g, ' $&')
    .slice(0, 24)
  for (const part of ['q7Rk2Zt', 'W9p', 'kd72Fh', 'Qm4xPz', 'MIIEvQIB', hex, ...base64])
    expect(shown).not.toContain(part)
})

test('an error in the configuration does not show a secret that it quotes', async () => {
  const { view, shown } = await build(
    'quoted',
    { TOKEN: 'tok_SUPERSECRET_0123456789' },
    { '.lambci.json': JSON.stringify({ timeout: 'tok_SUPERSECRET_0123456789' }) },
  )
  expect(view).toMatchObject({ status: 'errored', reason: expect.stringContaining('timeout') })
  expect(shown).not.toContain('SUPERSECRET')
})

test('without a GitHub App there is no GITHUB_TOKEN for jobs: a personal one could read more', async () => {
  await putJson(ci.system.store, settingsKeys('gh/ada/untokened')[1], { jobToken: true })
  await ci.push(
    await ci.write(lambciJson('env | grep ^GITHUB_TOKEN || echo none')),
    'ada/untokened',
    'master',
  )
  const view = await ci.ended({ project: 'gh/ada/untokened', number: 1 })
  expect([view.status, view.reason, view.jobs.length]).toEqual(['passed', null, 1])
  const [job] = view.jobs
  const { bytes } = await readLog(ci.system.store, jobKeys(view, job?.ref ?? undefined).log, 0, 10_000)
  expect(Buffer.from(bytes).toString()).toMatch(
    /There is no GITHUB_TOKEN: only a GitHub App that is installed on this repository has tokens that can read nothing else\n.*^none$/ms,
  )
})
