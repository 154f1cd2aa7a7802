import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { matchingRules, ruleError } from '../../src/config/branch-rules.ts'
import { NO_FILES } from '../../src/config/files.ts'
import { resolveConfig } from '../../src/config/resolve.ts'
import { UserError } from '../../src/model/user-error.ts'
import { layOutLine } from '../../src/pages/browser/terminal-line.ts'
import { PLAIN } from '../../src/pages/browser/text-style.ts'
import { renderSummary } from '../../src/pages/summary.ts'
import { planBuild } from '../../src/planning/plan.ts'
import { parseJobRun } from '../../src/records/job-run.ts'
import { viewOf } from '../../src/records/view.ts'
import { keysIn } from '../support/bucket.ts'
import { publicLinks } from '../support/page-links.ts'
import { pushPayload } from '../support/payloads.ts'
import { makeBuild } from '../support/records.ts'
import { ADDRESSES, BODIES, CONFIGS, HEADERS, LINES, PUSHES, RULES, RUN_RECORDS } from './corpus.ts'
import { openHttpApp } from './http-app.ts'

let http: Awaited<ReturnType<typeof openHttpApp>>
beforeAll(async () => {
  http = await openHttpApp()
})
const ALLOWED_KEYS = /^((config|secrets|deliveries|gh\/[\w.-]+\/[\w.-]+)\/|repositories\/\d+\.json$)/
afterAll(async () => {
  // No input has created an unexpected key or polluted a prototype.
  const keys = await keysIn(http.bucket, '')
  expect(keys.filter(key => !ALLOWED_KEYS.test(key))).toEqual([])
  expect(keys.filter(key => key.includes('..'))).toEqual([])
  await http.bucket.close()
  expect({}).not.toHaveProperty('polluted')
})

/** Checks that a response is no server error and shows no stack trace. Returns its body. */
const expectNoFault = async (answer: Response) => {
  expect(answer.status).toBeLessThan(500)
  const text = await answer.text()
  expect(text.length).toBeLessThan(100_000)
  expect(text).not.toMatch(/\bat .*:\d+:\d+/)
  return text
}

describe('the webhook', () => {
  test.each(BODIES)('rejects a body: %s', async (_, body) => {
    const answer = await http.deliver('push', body)
    expect([400, 401]).toContain(answer.status)
    expect(JSON.parse(await expectNoFault(answer))).toHaveProperty('error')
  })

  test.each(PUSHES)('handles a push with %s', async (_, { push, repository }) => {
    const payload = pushPayload()
    const changed = { ...payload, ...push, repository: { ...payload.repository, ...repository } }
    await expectNoFault(await http.deliver('push', JSON.stringify(changed)))
  })

  test.each(HEADERS)('handles a delivery with %s', async (_, headers) => {
    await expectNoFault(await http.deliver('push', JSON.stringify(pushPayload()), headers))
  })
})

test.each(ADDRESSES.map(address => [address.slice(0, 70), address]))(
  '%s is answered without a fault',
  async (_, address) => {
    const text = await expectNoFault(await http.get(address))
    expect(text).not.toMatch(/<script>alert|Set-Cookie/)
  },
)

test.each(CONFIGS)('.lambci.json: %s', (_, lambciJson) => {
  const build = { ...makeBuild(), settings: {} }
  const files = { ...NO_FILES, lambciJson }
  try {
    planBuild(build, resolveConfig({ build, account: {}, base: files, head: files }))
  } catch (error) {
    expect(error).toBeInstanceOf(UserError)
    expect((error as Error).message.length).toBeLessThan(20_000)
  }
  expect({}).not.toHaveProperty('cmd')
})

test.each(RULES.map(rule => [rule.slice(0, 40), rule]))(
  'the rule %s is rejected or matched in linear time',
  (_, rule) => {
    const branch = `${'a'.repeat(254)}!`
    if (ruleError(rule) === null) expect(matchingRules([rule], branch).length).toBeLessThanOrEqual(1)
  },
)

test.each(RUN_RECORDS)('the record of a job: %s', (_, body) => {
  const run = parseJobRun(Buffer.from(body))
  const view = viewOf({ build: makeBuild(), run, report: null })
  const page = String(renderSummary(view, publicLinks(view)))
  expect(page).not.toMatch(/<script|javascript:|[\u202e\u2066]/i)
  expect(page).not.toContain('\u001b')
})

test.each(LINES)('a line of a log: %s', (_, line) => {
  const { spans } = layOutLine(line, PLAIN)
  expect(spans.reduce((sum, span) => sum + span.text.length, 0)).toBeLessThanOrEqual(
    Math.max(4001, line.length),
  )
})
