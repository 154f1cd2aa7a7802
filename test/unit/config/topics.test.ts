import { expect, test } from 'vitest'
import { NO_FILES } from '../../../src/config/files.ts'
import { resolveConfig } from '../../../src/config/resolve.ts'
import { BUILDS, type Case, FORK, filesOf, OTHERS, PUSH, resolve, topic } from '../../support/resolving.ts'

test.each<[string, Case, string | null]>([
  ['of the settings', { global: topic(BUILDS) }, BUILDS],
  ['one of those listed', { global: { topics: [BUILDS, OTHERS] }, head: topic(OTHERS) }, OTHERS],
  ["the account's own again", { global: topic(BUILDS), head: topic(BUILDS) }, BUILDS],
  [
    "the account's top-level topic does not replace the rule's",
    {
      global: { ...topic(BUILDS), branches: { master: { build: true, ...topic(OTHERS) } } },
      head: topic(BUILDS),
    },
    OTHERS,
  ],
  ['off', { global: topic(BUILDS), head: { notifications: { sns: false } } }, null],
  [
    'off, and on again',
    { global: { topics: [BUILDS], notifications: { sns: false } }, head: topic(BUILDS) },
    BUILDS,
  ],
  [
    'off, and an empty object',
    { global: { notifications: { sns: false } }, head: { notifications: { sns: {} } } },
    null,
  ],
])('topic: %s', (_, layers, expected) => {
  expect(resolve(layers).config.notifications.sns.topicArn).toBe(expected)
})

test.each<[string, Case, string | null, string]>([
  ['none is listed', { head: topic(BUILDS) }, null, 'No notification is sent. Add it to "topics" there.'],
  [
    'another is listed',
    { global: topic(OTHERS), head: topic(BUILDS) },
    OTHERS,
    `Choose ${OTHERS}, or add it to "topics" there.`,
  ],
  [
    'in a rule',
    { head: { branches: { master: { build: true, ...topic(BUILDS) } } } },
    null,
    'branches.master: notifications.sns.topicArn',
  ],
  [
    'at the base of a fork',
    { build: FORK, base: topic(BUILDS) },
    null,
    '.lambci.json at the base commit: notifications.sns.topicArn',
  ],
])('a topic that is not listed is not used, and a note explains it: %s', (_, layers, expected, note) => {
  const { config, notes } = resolve(layers)
  expect(config.notifications.sns.topicArn).toBe(expected)
  expect(notes.join('\n')).toContain(note)
})

test('without settings a topic is not checked, and a note explains it', () => {
  const head = filesOf(topic(BUILDS))
  const { config, notes } = resolveConfig({ build: PUSH, account: null, base: NO_FILES, head })
  expect(config.notifications.sns.topicArn).toBe(BUILDS)
  expect(notes).toEqual([`"notifications.sns.topicArn" is not checked without the account's settings.`])
})
