import { expect, test } from 'vitest'
import { projectSchema, REPOSITORY_PATTERN, STAGE_NAME, VARIABLE_NAME } from '../../../src/model/names.ts'

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
  ['ada/web.git', false],
  ['ada/web.GIT', false],
  ['ada/web@7', false],
])('repository pattern %j: %j', (pattern, expected) => {
  expect(REPOSITORY_PATTERN.test(pattern)).toBe(expected)
})

test.each([
  ['gh/Ada/Web.Site', 'gh/ada/web.site'],
  ['gh/ada/web@4711', 'gh/ada/web@4711'],
  ['gh/ada/web@', null],
  ['gh/ada/web@0', null],
  ['gh/ada/web@7/x', null],
  ['gh/ada/..', null],
  ['gh/ada/web.git', null],
  ['ada/web', null],
])('project %j: %j', (text, expected) => {
  expect(projectSchema.safeParse(text).data ?? null).toBe(expected)
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
