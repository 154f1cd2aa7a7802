import { afterAll, beforeAll, expect, test } from 'vitest'
import { listSecrets, setSecret } from '../../../src/account/change-secrets.ts'
import { getSetting, setSetting } from '../../../src/account/change-settings.ts'
import { readAccount } from '../../../src/account/settings.ts'
import { UserError } from '../../../src/model/user-error.ts'
import { settingsKeys } from '../../../src/records/keys.ts'
import { type Bucket, openDirectBucket, putJson } from '../../support/bucket.ts'

let bucket: Bucket
beforeAll(async () => {
  bucket = await openDirectBucket()
})
afterAll(() => bucket.close())

const PROJECT = 'gh/ada/web'
const refusal = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => new Error('accepted'),
    (failure: Error) => failure,
  )
  expect(error).toBeInstanceOf(UserError)
  return error.message
}
const set = (name: string, value: string) => setSecret(bucket.store, { project: PROJECT }, { name, value })

test('a secret is refused if no command could be started with it', async () => {
  // Bytes count, not characters, and with them "=", the name and a NUL.
  await set('FITS', 'ü'.repeat((131_072 - 6) / 2))
  expect(await refusal(set('FITS', `${'ü'.repeat((131_072 - 6) / 2)}x`))).toMatch(
    /^The value of FITS is too large for a variable: 131073 bytes with its name, and Linux allows 131072\. Keep it in a file/,
  )
  expect(await refusal(set('BINARY', 'a\0b'))).toMatch(/^The value of BINARY contains a NUL character/)
  expect(await listSecrets(bucket.store, { project: PROJECT })).toEqual(['FITS'])
})

test('secrets that could not be read any more are refused', async () => {
  await set('SECOND', 'x'.repeat(100_000))
  expect(await refusal(set('THIRD', 'x'.repeat(100_000)))).toMatch(
    /^With this change, secrets\/env\/gh\/ada\/web\.json .* would be larger than 256 KB/,
  )
  expect(await listSecrets(bucket.store, { project: PROJECT })).toEqual(['FITS', 'SECOND'])
})

test('settings that would not fit into the message of a job are refused, the global ones included', async () => {
  const { store } = bucket
  await setSetting(store, null, ['cmd'], 'x'.repeat(10_000))
  expect(await refusal(setSetting(store, PROJECT, ['env', 'BIG'], 'x'.repeat(12_000)))).toMatch(
    /^The settings in config\/global\.json and config\/gh\/ada\/web\.json are too large: 22\d{3} bytes, and 20480 fit/,
  )
  expect(await getSetting(store, PROJECT, ['env'])).toBeUndefined()
  expect(await refusal(setSetting(store, null, ['env', 'BIG'], 'x'.repeat(12_000)))).toMatch(
    /^The settings in config\/global\.json are too large/,
  )
  await setSetting(store, PROJECT, ['env', 'SMALL'], 'x'.repeat(9000))
  expect((await readAccount(store, PROJECT)).allows('ada/web')).toBe(false)
})

test('settings that were written by hand are read only if they fit, and can be made smaller step by step', async () => {
  const { store } = bucket
  const [, key] = settingsKeys('gh/ada/by-hand')
  await putJson(store, settingsKeys('')[0], {})
  await putJson(store, key, {
    env: { ONE: 'x'.repeat(15_000), OTHER: 'x'.repeat(30_000), THIRD: 'x'.repeat(15_000) },
  })
  expect(await refusal(readAccount(store, 'gh/ada/by-hand'))).toMatch(
    /^The settings in .*by-hand\.json are too large/,
  )
  for (const name of ['ONE', 'OTHER']) await setSetting(store, 'gh/ada/by-hand', ['env', name], null)
  await readAccount(store, 'gh/ada/by-hand')
})
