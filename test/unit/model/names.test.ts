import { expect, test } from 'vitest'
import { REPOSITORY_PATTERN, STAGE_NAME, VARIABLE_NAME } from '../../../src/model/names.ts'

test.each([
  ['*', true],
  ['ada', true],
  ['ada/web', true],
  ['ada/.github', true],
  [`${'o'.repeat(39)}/${'r'.repeat(100)}`, true],
  ['', false],
  ['ada/', false],
  ['ada/..', false],
  ['../web', false],
  ['ada/web/x', false],
  ['*/web', false],
  ['a b', false],
  ['ada\n', false],
  ['o'.repeat(40), false],
])('repository pattern %j: %j', (pattern, expected) => {
  expect(REPOSITORY_PATTERN.test(pattern)).toBe(expected)
})

test.each([
  ['dev', true],
  ['rel-7', true],
  [`s${'x'.repeat(39)}`, true],
  [`s${'x'.repeat(40)}`, false],
  ['', false],
  ['7', false],
  ['Dev', false],
  ['a_b', false],
  ['a/b', false],
  ['dev\n', false],
])('stage name %j: %j', (name, expected) => {
  expect(STAGE_NAME.test(name)).toBe(expected)
})

test.each([
  ['PATH', true],
  ['_a1', true],
  ['1A', false],
  ['A-B', false],
  ['A=B', false],
  ['', false],
  ['A\n', false],
])('variable name %j: %j', (name, expected) => {
  expect(VARIABLE_NAME.test(name)).toBe(expected)
})
