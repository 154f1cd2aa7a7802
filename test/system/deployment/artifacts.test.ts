import { join } from 'node:path'
import { execaNode } from 'execa'
import { unzipSync } from 'fflate'
import { expect, test } from 'vitest'
import { hashOf, zip } from '../../../scripts/deployment/artifacts.ts'
import { ROOT } from './account.ts'

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

test.each(['America/Los_Angeles', 'UTC', 'Asia/Tokyo'])('a zip is the same in %s', async TZ => {
  const module = join(ROOT, 'scripts', 'deployment', 'artifacts.ts')
  const script = `import { hashOf, zip } from ${JSON.stringify(module)}
    console.log(hashOf(zip({ a: Buffer.from('b') })))`
  const { stdout } = await execaNode({ env: { TZ } })`--input-type=module --eval ${script}`
  expect(stdout).toBe(hashOf(zip({ a: Buffer.from('b') })))
})

test('hashes differ for parts whose concatenation is equal', () => {
  expect(hashOf('ab', 'c')).not.toBe(hashOf('a', 'bc'))
})
