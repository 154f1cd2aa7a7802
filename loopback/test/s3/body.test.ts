import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { receiveBody } from '../../s3/body.ts'
import type { S3Request } from '../../s3/request.ts'

const authorization = { payload: 'UNSIGNED-PAYLOAD' } as Parameters<typeof receiveBody>[1]

function requestOf(pieces: readonly Buffer[]): S3Request {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
  const body = async function* () {
    yield* pieces
  }
  return { headers: new Map([['content-length', String(length)]]), body: body() } as unknown as S3Request
}

test('the memory of a piece is free as soon as the piece is stored', async () => {
  const pieces: Buffer[] = Array.from({ length: 3 }, (_, index) => Buffer.alloc(70_000, index + 1))
  const expected = createHash('md5').update(Buffer.concat(pieces)).digest('hex')
  const md5 = createHash('md5')
  const free: boolean[] = []
  await receiveBody(requestOf(pieces), authorization, 1_000_000, async bytes => {
    free.push(...pieces.slice(0, pieces.indexOf(bytes)).map(({ buffer }) => buffer.byteLength === 0))
    await Promise.resolve()
    md5.update(bytes)
  })
  expect(md5.digest('hex')).toBe(expected)
  expect([free, pieces.map(({ length }) => length)]).toEqual([
    [true, true, true],
    [0, 0, 0],
  ])
})

test('memory that others use, too, stays', async () => {
  const both = Buffer.alloc(200, 'a')
  await receiveBody(requestOf([both.subarray(0, 100)]), authorization, 1_000_000, () => {})
  expect(both.toString()).toBe('a'.repeat(200))
})
