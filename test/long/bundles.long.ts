import { randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { functionName } from '../../loopback/system/functions.ts'
import { ENVIRONMENT } from '../../scripts/bench/starts.ts'
import { type Bundle, bundle, ENTRIES, sizeOf } from '../../scripts/bundle.ts'
import { buildKeys, commitKey, jobKeys } from '../../src/records/keys.ts'
import { readBuild, readReport, readRun } from '../../src/records/read-records.ts'
import { failureRecord, s3Event, snsEvent, urlEvent } from '../support/lambda-events.ts'
import { headersOf, pushPayload } from '../support/payloads.ts'
import { lambciJson, openTestSystem, type TestSystem } from '../support/test-system.ts'

const REPOSITORY = 'you/bundled'
const build = (number: number) => ({ project: `gh/${REPOSITORY}`, number })

/** The bundles that `test/support/bundles.ts` made, perhaps in an earlier run. */
const DIST = process.env.LAMBCI_TEST_BUNDLES ?? ''

let ci: TestSystem
let at: string
let commit: string

beforeAll(async () => {
  ci = await openTestSystem({ concurrency: 1 })
  at = await ci.write(lambciJson('echo "built as bundled"', { branches: { master: true } }))
  commit = await ci.push(at, REPOSITORY, 'master')
  await ci.ended(build(1))
})
afterAll(() => ci.close())

const jobMessageOf = (number: number) => {
  const message = ci.messages.find(({ build }) => build.number === number)
  if (!message) throw new Error(`No message has started #${number}`)
  return message
}

/** A signed push of the existing commit, in the format of a function URL. */
function delivery(id = randomUUID()) {
  const payload = pushPayload({ after: commit })
  const repository = { ...payload.repository, full_name: REPOSITORY, private: false }
  const head = { ...payload.head_commit, id: commit }
  const body = JSON.stringify({ ...payload, repository, head_commit: head, commits: [head] })
  return urlEvent('POST', '/webhook', headersOf('push', body, ci.system.addresses.webhookSecret, id), body)
}
type HttpAnswer = {
  statusCode: number
  headers: Record<string, string>
  body: string
  isBase64Encoded: boolean
}
async function http(event: unknown): Promise<HttpAnswer> {
  const result = await ci.system.lambda.invoke(functionName('http'), event)
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.payload as HttpAnswer
}

const textsOf = (files: Bundle) =>
  Object.entries(files).map(([name, bytes]) => [name, Buffer.from(bytes).toString()] as const)

test.each(ENTRIES)(
  '%s: requires no packages, is reproducible, and loads little at the start',
  async entry => {
    const files = await bundle(entry)
    // Two are optional packages that dependencies do without; the third appears only in an error message.
    const optional = ['@aws-sdk/signature-v4-crt', 'supports-color', '@aws-sdk/signature-v4a']
    const missing = textsOf(files).flatMap(([, text]) =>
      [...text.matchAll(/\brequire\(["'`]([^"'`]+)["'`]\)/g)]
        .map(([, name = '']) => name)
        .filter(name => !process.getBuiltinModule(name) && !optional.includes(name))
        .filter(name => !(name.startsWith('./') && name.slice(2) in files)),
    )
    expect(missing).toEqual([])
    // In CommonJS, import() of a built-in module touches each of its exports, and node:http then loads undici.
    expect(textsOf(files).filter(([, text]) => /\bimport\(/.test(text))).toEqual([])
    const names = await readdir(join(DIST, entry))
    const written = names.map(async name => [name, await readFile(join(DIST, entry, name))] as const)
    expect(textsOf(Object.fromEntries(await Promise.all(written))).sort()).toEqual(textsOf(files).sort())
    // Code that is loaded at the start is compiled at every cold start.
    const list = 'require(process.argv[1]); console.log(JSON.stringify(Object.keys(require.cache)))'
    const { stdout } = await execa(process.execPath, ['-e', list, join(DIST, entry, 'index.js')], {
      env: ENVIRONMENT,
    })
    const loaded: string[] = JSON.parse(stdout)
    const sizes = loaded.map(path => files[basename(path)]?.byteLength ?? Number.NaN)
    const size = sizes.reduce((total, bytes) => total + bytes, 0)
    console.log(
      `${entry} ${(sizeOf(files) / 1e6).toFixed(2)} MB, ${(size / 1e6).toFixed(2)} MB of it at the start`,
    )
    expect(size).toBeLessThan(950_000)
  },
)

test('bundled functions run a build, cold and then warm in the same sandbox', async () => {
  const first = await ci.view(build(1))
  expect(first).toMatchObject({ status: 'passed', runner: { start: 'cold' } })
  expect(await ci.statuses(REPOSITORY, commit)).toContainEqual(expect.stringMatching(/^success lambci\/push/))

  const answer = await http(delivery())
  expect([answer.statusCode, JSON.parse(answer.body)]).toEqual([
    202,
    {
      ...build(2),
      trigger: 'push/master',
      url: expect.stringMatching(
        /^https:\/\/x4z2wq7\w+\.lambda-url\.us-east-1\.on\.aws\/gh\/you\/bundled\/builds\/2$/,
      ),
    },
  ])
  expect(await ci.ended(build(2))).toMatchObject({ status: 'passed', runner: { start: 'warm' } })
  expect(await ci.log(build(2))).toContain('built as bundled\n')
  expect(ci.mails.some(({ subject }) => subject === `passed: ${REPOSITORY} #2 (master)`)).toBe(true)
})

test('http: health, a page, the log and a forged delivery in the format of a function URL', async () => {
  expect(await http(urlEvent('GET', '/health'))).toMatchObject({ statusCode: 200, body: '{"status":"ok"}' })
  const page = await http(urlEvent('GET', `/gh/${REPOSITORY}/builds/1`))
  expect(page).toMatchObject({
    statusCode: 200,
    headers: { 'content-type': expect.stringContaining('text/html') },
  })
  expect(page.body).toContain('built as bundled')
  const log = await http(urlEvent('GET', `/gh/${REPOSITORY}/builds/1/log?from=0`))
  expect(Buffer.from(log.body, log.isBase64Encoded ? 'base64' : 'utf8').toString()).toContain(
    'built as bundled\n',
  )
  const forged = delivery()
  Object.assign(forged.headers, { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` })
  expect((await http(forged)).statusCode).toBe(401)
})

test('report: an S3 event with an encoded key, a schedule, and failure records with and without SNS', async () => {
  const { lambda, store, addresses } = ci.system
  const report = async (event: unknown) => {
    const result = await lambda.invoke(functionName('report'), event)
    expect(result).toMatchObject({ ok: true })
  }
  await ci.settled()
  const delivered = await ci.statuses(REPOSITORY, commit)
  const run = jobKeys(build(1)).record('end')
  const { report: record } = buildKeys(build(1))
  const notified = s3Event(addresses.bucket, 'gh/you/bundled/cache/branch/a b+ü', run)
  expect(notified.Records[0]?.s3.object.key).toBe('gh/you/bundled/cache/branch/a+b%2B%C3%BC')
  await report(notified)
  await report({ switch: build(1) })
  // Nothing is reported twice,
  expect(await ci.statuses(REPOSITORY, commit)).toEqual(delivered)
  // but everything that is not recorded as delivered.
  for (const event of [notified, { switch: build(1) }]) {
    await store.remove(record)
    await store.remove(commitKey(build(1).project, commit))
    await report(event)
    expect((await readReport(store, build(1)))?.isClosed).toBe(true)
    expect((await ci.statuses(REPOSITORY, commit)).at(-1)).toMatch(/^success lambci\/push/)
  }
  expect(await ci.statuses(REPOSITORY, commit)).toHaveLength(delivered.length + 2)
  const message = jobMessageOf(1)
  const published = snsEvent('lambci-jobs', JSON.stringify(message), { trust: 'branch' })
  const claim = await readRun(store, jobKeys(build(1)).record('claim'))
  const own = claim?.runner?.requestId ?? ''
  for (const event of [
    failureRecord(own, published),
    snsEvent('lambci-failures', JSON.stringify(failureRecord(own, message))),
  ]) {
    await store.remove(record)
    // Of another invocation, it is passed over.
    await report(failureRecord('11111111-1111-1111-1111-111111111111', published))
    expect(await readReport(store, build(1))).toBeNull()
    await report(event)
    expect((await readReport(store, build(1)))?.failures).toMatchObject([
      { requestId: own, reason: "it ran into the build function's own time limit" },
    ])
  }
  expect((await ci.view(build(1)))?.status).toBe('passed')
})

test('run: a duplicate job message changes nothing', async () => {
  const before = await ci.view(build(1))
  const result = await ci.system.lambda.invoke(functionName('run-protected'), jobMessageOf(1), 'a-tenant')
  expect(result).toMatchObject({ ok: true })
  expect(await ci.view(build(1))).toEqual(before)
  expect((await readBuild(ci.system.store, build(1)))?.nonce).toBeDefined()
})
