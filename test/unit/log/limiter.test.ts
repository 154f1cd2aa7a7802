import { expect, it } from 'vitest'
import { createLimiter } from '../../../src/log/limiter.ts'
import { describeBytes } from '../../../src/model/describe-bytes.ts'

it('passes the first bytes and reports how many were discarded', () => {
  const limiter = createLimiter(5)
  const kept = ['abc', 'def', 'ghi'].map(text => Buffer.from(limiter.write(Buffer.from(text))).toString())
  expect(kept).toEqual(['abc', 'de', ''])
  expect(limiter.end()).toBe('The log reached its limit of 5 bytes: 4 bytes were discarded')
})

it('reports nothing for a log within its limit', () => {
  const limiter = createLimiter(3)
  limiter.write(Buffer.from('abc'))
  expect(limiter.end()).toBeNull()
})

it.each([
  [1, '1 byte'],
  [1023, '1023 bytes'],
  [1024, '1 KB'],
  [1536 * 1024, '1.5 MB'],
  [512 * 1024 ** 2, '512 MB'],
  [2 * 1024 ** 5, '2048 TB'],
])('describes %d bytes as %s', (bytes, text) => {
  expect(describeBytes(bytes)).toBe(text)
})
