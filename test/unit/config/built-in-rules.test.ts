import { expect, test } from 'vitest'
import type { JsonObject } from '../../../src/config/json.ts'
import { type Case, resolve } from '../../support/resolving.ts'

type End = { build: boolean; cmd: string }
const DEFAULT = 'npm ci && npm test'
/** A rule as LambCI's tests have them, but for `main`: what comes of it for `main`, `master` and two others. */
type Row = { branches: unknown; main: End; master: End; next: End; 'release-1': End }

const built = (cmd = DEFAULT): End => ({ build: true, cmd })
const not = (cmd = DEFAULT): End => ({ build: false, cmd })

/**
 * `main` follows the rule that matches it. `master`, `next` and `release-1` are as in LambCI: its built-in rule for
 * `master` is an exact name, and goes before regular expressions.
 */
const ROWS: Record<string, Row> = {
  'no rules': { branches: {}, main: built(), master: built(), next: not(), 'release-1': not() },
  'rules for others': {
    branches: { next: true },
    main: built(),
    master: built(),
    next: built(),
    'release-1': not(),
  },
  'an exact name: false': {
    branches: { main: false, master: false },
    main: not(),
    master: not(),
    next: not(),
    'release-1': not(),
  },
  'an exact name: an object': {
    branches: { main: { build: true, cmd: 'a' }, master: { build: true, cmd: 'b' } },
    main: built('a'),
    master: built('b'),
    next: not(),
    'release-1': not(),
  },
  'a regex: true': {
    branches: { '/^(main|master|next)$/': true },
    main: built(),
    master: built(),
    next: built(),
    'release-1': not(),
  },
  'a regex: false': {
    branches: { '/^m/': false },
    main: not(),
    master: built(),
    next: not(),
    'release-1': not(),
  },
  'a regex: an object': {
    branches: { '/^(main|master|next)$/': { build: true, cmd: 'a' } },
    main: built('a'),
    master: built(),
    next: built('a'),
    'release-1': not(),
  },
  'a negated regex: true': {
    branches: { '!/^release-/': true },
    main: built(),
    master: built(),
    next: built(),
    'release-1': not(),
  },
  'a negated regex: false': {
    branches: { '!/^release-/': false },
    main: not(),
    master: built(),
    next: not(),
    'release-1': not(),
  },
  'a negated regex: an object': {
    branches: { '!/^release-/': { build: true, cmd: 'a' } },
    main: built('a'),
    master: built(),
    next: built('a'),
    'release-1': not(),
  },
  'an exact name before a regex': {
    branches: { '/./': { build: true, cmd: 'a' }, main: { build: true, cmd: 'b' }, next: false },
    main: built('b'),
    master: built(),
    next: not(),
    'release-1': built('a'),
  },
  'the first of two regexes': {
    branches: { '/^x/': false, '/ai/': { build: true, cmd: 'a' }, '/^m/': false },
    main: built('a'),
    master: built(),
    next: not(),
    'release-1': not(),
  },
  'a regex that does not match': {
    branches: { '/^release-/': true },
    main: built(),
    master: built(),
    next: not(),
    'release-1': built(),
  },
  true: { branches: true, main: built(), master: built(), next: built(), 'release-1': built() },
  false: { branches: false, main: not(), master: not(), next: not(), 'release-1': not() },
}

const LAYERS: Record<string, (branches: unknown) => Case> = {
  'the global settings': branches => ({ global: { branches } }),
  "the repository's settings": branches => ({ repository: { branches } }),
  'package.json': branches => ({ packageJson: { lambci: { branches } } }),
  '.lambci.json': branches => ({ head: { branches } }),
}

const rows = Object.entries(ROWS).flatMap(([name, row]) =>
  Object.entries(LAYERS).map(
    ([layer, toCase]) => [`${name}, in ${layer}`, toCase(row.branches), row] as const,
  ),
)

test.each(rows)('%s', (_, layers, { branches: _branches, ...ends }) => {
  for (const [branch, end] of Object.entries(ends)) {
    const { build, cmd } = resolve({ ...layers, build: { branch } }).config
    expect({ build, cmd }, branch).toEqual(end)
  }
})

test('the rules of all layers go before the built-in one', () => {
  const rule = { '/^(main|next)$/': { build: true, cmd: 'a' } }
  const cmdOf = (layers: Case) => resolve({ ...layers, build: { branch: 'main' } }).config.cmd
  expect(cmdOf({ global: { branches: rule }, head: { branches: { next: true } } })).toBe('a')
  expect(cmdOf({ global: { branches: { next: true } }, head: { branches: rule } })).toBe('a')
  expect(cmdOf({ global: { branches: rule }, head: { branches: { main: true }, cmd: 'b' } })).toBe('b')
})

test('an object over true or false has no built-in rules, as in LambCI', () => {
  for (const branches of [true, false])
    for (const branch of ['main', 'master']) {
      const layers = { global: { branches }, repository: { branches: { next: true } } }
      expect(resolve({ ...layers, build: { branch } }).config.build, branch).toBe(false)
    }
})

const notesOf = (branches: JsonObject, branch = 'master') =>
  resolve({ head: { branches }, build: { branch } }).notes

test('a rule that does not count for master is noted', () => {
  expect(notesOf({ '!/^release-/': false })).toEqual([
    'branches["!/^release-/"] does not count for "master": its built-in rule goes before regular expressions, as in LambCI. Add "master" to "branches" to change that.',
  ])
  expect(notesOf({ '/^m/': { build: true, cmd: 'make' } })).toHaveLength(1)
  for (const [branches, branch] of [
    [{ '/^m/': true }],
    [{ '/^m/': { build: true } }],
    [{ '/^m/': false, master: true }],
    [{ '/^release-/': false }],
    [{ '/^m/': false }, 'main'],
  ] as [JsonObject, string?][])
    expect(notesOf(branches, branch), JSON.stringify(branches)).toEqual([])
})
