import { expect, test } from 'vitest'
import { checkCredentials, gitAccessError } from '../../github/credentials.ts'

const tokens = { token: 'right', cloneToken: 'clone' }
const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`

test.each([
  [undefined, 'none', null],
  ['token right', 'write', null],
  ['Bearer right', 'write', null],
  ['bearer clone', 'read', null],
  ['token wrong', 'invalid', null],
  ['right', 'invalid', null],
  ['Digest right', 'invalid', null],
  ['', 'none', null],
  [basic('x-access-token:right'), 'write', null],
  [basic('somebody:right'), 'write', 'somebody'],
  [basic('somebody:clone'), 'read', 'somebody'],
  [basic('right:'), 'write', null],
  [basic('right:x-oauth-basic'), 'write', null],
  [basic('somebody:wrong'), 'invalid', null],
  [basic('$(id):right'), 'write', null],
  [basic(''), 'invalid', null],
])('the header %s grants the level %s', (header, level, login) => {
  const access = checkCredentials(header, tokens)
  expect(access.level).toBe(level)
  if (level !== 'invalid') expect(access.login).toBe(login)
})

test('without a clone token, an empty or undefined token is invalid', () => {
  expect(checkCredentials('token ', { token: 'right' }).level).toBe('invalid')
  expect(checkCredentials(basic('user:undefined'), { token: 'right' }).level).toBe('invalid')
})

test.each([
  ['git-receive-pack', 'none', 'missing', null],
  ['git-receive-pack', 'none', 'private', null],
  ['git-receive-pack', 'read', 'public', 403],
  ['git-receive-pack', 'invalid', 'public', 401],
  ['git-upload-pack', 'none', 'public', null],
  ['git-upload-pack', 'none', 'private', 401],
  ['git-upload-pack', 'none', 'missing', 401],
  ['git-upload-pack', 'read', 'private', null],
  ['git-upload-pack', 'write', 'missing', 404],
  ['git-upload-pack', 'invalid', 'public', 401],
] as const)('%s with access %s to a %s repository is rejected with %s', (service, level, kind, status) => {
  const repository = kind === 'missing' ? null : { private: kind === 'private', owner: 'ada', name: 'web' }
  expect(gitAccessError(service, { level, login: null }, repository)).toBe(status)
})
