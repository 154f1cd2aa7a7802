import { expect, test } from 'vitest'
import { admissionOf, orderSchema } from '../../src/admission/admission.ts'
import { requestFromEvent } from '../../src/job/request-from-event.ts'
import { type PushEvent, parseEvent } from '../../src/webhook/event.ts'
import { pushPayload } from '../payloads.ts'
import { FORKED, jobOf, PULL } from '../records.ts'

const URL = 'https://ci.example.com/gh/ada/web/builds/7'

test.each([
  ['a push to a public repository', {}, null],
  ['a push to a private one', { isPrivate: true }, 'read-only'],
  ['a pull request of a private one', { ...PULL, isPrivate: true }, 'read-only'],
  ["a fork's pull request", FORKED, null],
  ["a fork's pull request to a private one", { ...FORKED, isPrivate: true }, null],
  ["Dependabot's", { ...PULL, isPrivate: true, isDependabot: true, trust: 'fork' as const }, null],
])('the clone token of %s: %j', (_, change, cloneToken) => {
  expect(admissionOf(jobOf(change), 'read-only', URL)).toEqual({ cloneToken, buildUrl: URL })
})

test('without a clone token there is none', () => {
  expect(admissionOf(jobOf({ isPrivate: true }), null, URL).cloneToken).toBeNull()
})

test('an order survives JSON unchanged', () => {
  const job = jobOf({ isPrivate: true })
  const order = { job, admission: admissionOf(job, 'read-only', URL) }
  expect(orderSchema.parse(JSON.parse(JSON.stringify(order)))).toEqual(order)
})

const settings = {
  global: {
    allow: ['*'],
    env: Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`NAME_${n}`, 'v'.repeat(60)])),
  },
}

test.each([
  ['letters', 'x'],
  ['three bytes each', '語'],
  ['escaped in JSON', '\u0001'],
  ['quotes', '"'],
  ['emoji', '🎉'],
])(
  'a push of 2,000 commits with huge messages and names of %s makes an order under 64 KB',
  (_, character) => {
    const huge = character.repeat(5000)
    const [commit] = pushPayload().commits
    const commits = Array.from({ length: 2000 }, (_, index) => {
      const person = { name: `${index}${huge}`, email: 'x@example.com', username: `${index}${huge}` }
      return { ...commit, message: huge, author: person, committer: person }
    })
    const event = parseEvent('push', {
      ...pushPayload({ ref: `refs/heads/${character.repeat(250)}` }),
      commits,
      head_commit: commits[0],
    })
    const asked = requestFromEvent({ name: 'push', payload: (event as { payload: PushEvent }).payload })
    if (!('request' in asked)) throw new Error(JSON.stringify(asked))
    const job = jobOf({ ...asked.request, settings })
    const order = { job, admission: admissionOf(job, 'x'.repeat(600), URL) }
    expect(orderSchema.safeParse(order).success).toBe(true)
    expect(Buffer.byteLength(JSON.stringify(order))).toBeLessThan(64 * 1024)
  },
)
