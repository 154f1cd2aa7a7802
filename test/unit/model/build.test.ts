import { expect, test } from 'vitest'
import { buildSchema, commitSchema, repositoryOf } from '../../../src/model/build.ts'
import { projectSchema } from '../../../src/model/names.ts'
import { makeBuild } from '../../support/records.ts'

test.each([
  ['gh/ada/web', true],
  ['gh/a-b_c.d/.github', true],
  ['gh/ada/...', true],
  [`gh/${'o'.repeat(39)}/${'r'.repeat(100)}`, true],
  [`gh/${'o'.repeat(40)}/web`, false],
  ['ada/web', false],
  ['gl/ada/web', false],
  ['gh/ada', false],
  ['gh/ada/', false],
  ['gh/ada/.', false],
  ['gh/ada/..', false],
  ['gh/../web', false],
  ['gh/ada/web/x', false],
  ['gh/ada/web\n', false],
  ['gh/ada/we b', false],
  ['gh/ada/w%65b', false],
  ['gh/ädä/web', false],
  [`gh/ada/${'r'.repeat(101)}`, false],
])('project %j: %j', (project, valid) => {
  expect(projectSchema.safeParse(project).success).toBe(valid)
})

test.each([
  ['a'.repeat(40), true],
  ['0123456789abcdef'.repeat(4), true],
  ['A'.repeat(40), false],
  ['a'.repeat(39), false],
  ['a'.repeat(50), false],
  [`${'a'.repeat(40)}\n`, false],
  ['--upload-pack=x', false],
  ['HEAD', false],
])('commit %j: %j', (commit, valid) => {
  expect(commitSchema.safeParse(commit).success).toBe(valid)
})

test('a build survives JSON unchanged', () => {
  const build = makeBuild({ baseCommit: null, cloneRepository: null, message: '🎉 \u0000' })
  expect(buildSchema.parse(JSON.parse(JSON.stringify(build)))).toEqual(build)
})

test.each([
  ['number', 0],
  ['number', 1.5],
  ['trust', 'root'],
  ['nonce', 'short'],
  ['commit', 'master'],
  ['cloneRepository', 'https://example.com/x'],
  ['cloneRepository', '../x'],
  ['cloneRepository', 'ada/..'],
  ['baseUrl', 'no url'],
  ['queuedAt', 'yesterday'],
])('a build whose %s is %j is refused', (field, value) => {
  expect(buildSchema.safeParse({ ...makeBuild(), [field]: value }).success).toBe(false)
})

test('the repository of a project', () => {
  expect(repositoryOf('gh/ada/web')).toBe('ada/web')
})
