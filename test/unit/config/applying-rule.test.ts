import { expect, test } from 'vitest'
import type { JsonObject } from '../../../src/config/json.ts'
import { type Case, FORK, PULL, resolve, type Subject } from '../../support/resolving.ts'

const buildsBranch = (branch: string, layers: Case) => resolve({ ...layers, build: { branch } }).config.build

test.each<[string, Partial<Subject>, object]>([
  ['master', {}, { build: true }],
  ['main', { branch: 'main' }, { build: true }],
  ['other branches', { branch: 'anything' }, { build: false }],
  ['constructor', { branch: 'constructor' }, { build: false }],
  ['__proto__', { branch: '__proto__' }, { build: false }],
  [
    'from self, private',
    { ...PULL, isPrivate: true },
    { build: true, inheritSecrets: true, allowConfigOverrides: true },
  ],
  ['from self, public', PULL, { build: true, inheritSecrets: true, allowConfigOverrides: true }],
  ['from a fork, private', { ...FORK, isPrivate: true }, { build: false }],
  ['from a fork, public', FORK, { build: true, inheritSecrets: false, allowConfigOverrides: ['cmd', 'env'] }],
  [
    'a merge group counts as from self',
    { event: 'merge_group', isFork: true, isPrivate: true },
    { build: true },
  ],
  ['by Dependabot', { ...PULL, trust: 'fork' }, { build: true, inheritSecrets: false }],
])('defaults: %s', (_, build, expected) => {
  expect(resolve({ build }).config).toMatchObject(expected)
})

test.each<[string, JsonObject, Record<string, boolean>]>([
  ['regex', { '/^test-/': true }, { 'test-something': true }],
  ['exact before regex', { '/^test-/': true, 'test-something': false }, { 'test-something': false }],
  ['negative regex', { '!/^test-/': true }, { 'test-something': false, hello: true }],
  ['regexes in the given order', { '/^test-r/': false, '/^test-s/': true }, { 'test-something': true }],
  [
    'mixed',
    { '/^dev/': false, '!/^test-/': true, 'gh-pages': false },
    { 'gh-pages': false, develop: false, 'test-something': false, testsomething: true, master: true },
  ],
  ['master stays built', { dev: true }, { dev: true, master: true, main: true }],
  ['master can be switched off', { master: false }, { master: false, main: true }],
  ['an object without build', { dev: { cmd: 'make' } }, { dev: false }],
  ['a branch called constructor', { constructor: true }, { constructor: true, toString: false }],
])('branches as in LambCI: %s', (_, branches, expected) => {
  for (const [branch, build] of Object.entries(expected)) {
    expect(buildsBranch(branch, { repository: { branches } }), branch).toBe(build)
    expect(buildsBranch(branch, { head: { branches } }), branch).toBe(build)
  }
})

const merge = (value: boolean) => ({ pullRequests: { merge: value } })
test.each<[string, Case, boolean]>([
  ['nobody', { build: PULL }, false],
  ["a pull request's own file", { build: PULL, head: merge(true) }, true],
  ["the account's settings", { build: PULL, global: merge(true) }, true],
  ['the settings of the repository', { build: PULL, global: merge(true), repository: merge(false) }, false],
  ['a file against the settings', { build: PULL, global: merge(true), head: merge(false) }, false],
  [
    'a file that may not say so',
    { build: PULL, global: { allowConfigOverrides: ['cmd'] }, head: merge(true) },
    false,
  ],
  ["the base of a fork's", { build: FORK, base: merge(true) }, true],
  ["the fork's own file", { build: FORK, head: merge(true) }, false],
  ["the fork's own file, against the base", { build: FORK, base: merge(true), head: merge(false) }, true],
  ['a file, for a merge group', { build: { event: 'merge_group' }, head: merge(true) }, false],
  ['a file, for a push', { head: merge(true) }, false],
])('pullRequests.merge is set by %s', (_, layers, expected) => {
  expect(resolve(layers).config.testMerge).toBe(expected)
})

test.each<[string, Case, boolean]>([
  ['branches: false', { head: { branches: false } }, false],
  ['branches: true', { build: { branch: 'x' }, head: { branches: true } }, true],
  [
    'branches: true, overridden by an object',
    { build: { branch: 'x' }, global: { branches: true }, repository: { branches: { y: true } } },
    false,
  ],
  ['pullRequests: false', { build: PULL, head: { pullRequests: false } }, false],
  ['pullRequests: false in the settings', { build: FORK, global: { pullRequests: false } }, false],
  ['pullRequests: true', { build: { ...FORK, isPrivate: true }, global: { pullRequests: true } }, true],
  [
    'fromForkPublicRepo: false',
    { build: FORK, global: { pullRequests: { fromForkPublicRepo: false } } },
    false,
  ],
  [
    'fromForkPublicRepo: false in the base file',
    { build: FORK, base: { pullRequests: { fromForkPublicRepo: false } } },
    false,
  ],
  ['build: true without a rule', { build: { branch: 'x' }, head: { build: true } }, true],
  ['build: false against a rule', { head: { build: false } }, true],
])('booleans have effect: %s', (_, layers, expected) => {
  expect(resolve(layers).config.build).toBe(expected)
})
