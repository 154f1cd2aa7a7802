import { unzipSync } from 'fflate'
import { expect, onTestFinished, test, vi } from 'vitest'
import { hashOf, zip } from '../../../scripts/deployment/artifacts.ts'

const files = { 'index.js': Buffer.from('exports.handler = 1'), 'image/Dockerfile': Buffer.from('FROM x') }

test('a zip contains the files, readable for everyone, independent of their order', () => {
  const made = zip(files)
  const read = Object.entries(unzipSync(made)).map(([name, bytes]) => [name, Buffer.from(bytes).toString()])
  expect(Object.fromEntries(read)).toEqual({
    'index.js': 'exports.handler = 1',
    'image/Dockerfile': 'FROM x',
  })
  expect(zip(Object.fromEntries(Object.entries(files).toReversed()))).toEqual(made)
  // https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT: 4.3.12, version made by and external attributes
  const entry = Buffer.from(made.buffer, made.byteOffset, made.length)
  const at = entry.indexOf('PK\x01\x02', 0, 'latin1')
  expect([entry[at + 5], entry.readUInt32LE(at + 38) >>> 16]).toEqual([3, 0o100644])
})

test.each([
  ['America/Los_Angeles', 480],
  ['UTC', 0],
  ['Asia/Tokyo', -540],
])('a zip is the same in %s', (TZ, offset) => {
  const here = hashOf(zip({ a: Buffer.from('b') }))
  vi.stubEnv('TZ', TZ)
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
  expect(new Date(1980, 0, 1).getTimezoneOffset()).toBe(offset)
  expect(hashOf(zip({ a: Buffer.from('b') }))).toBe(here)
})

test('hashes differ for parts whose concatenation is equal', () => {
  expect(hashOf('ab', 'c')).not.toBe(hashOf('a', 'bc'))
})
