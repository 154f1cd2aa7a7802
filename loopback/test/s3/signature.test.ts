import { describe, expect, it } from 'vitest'
import { authorize } from '../../s3/authorization.ts'
import { startChunkVerifier } from '../../s3/chunk-signature.ts'
import { decodeChunks } from '../../s3/chunked-body.ts'
import { Fault } from '../../s3/faults.ts'
import type { S3Request } from '../../s3/request.ts'

// The examples in AWS's documentation:
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, sigv4-query-string-auth.html and
// sigv4-streaming.html
const accessKeyId = 'AKIAIOSFODNN7EXAMPLE'
const lookUp = () => ({ secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' })
const now = new Date('2013-05-24T00:00:00Z')
const scope = `${accessKeyId}/20130524/us-east-1/s3/aws4_request`
const host = 'examplebucket.s3.amazonaws.com'

const request = (
  method: string,
  path: string,
  query: string,
  headers: Record<string, string>,
): S3Request => ({
  id: '1',
  method,
  path,
  bucket: '',
  key: '',
  query: new URLSearchParams(query),
  headers: new Map(Object.entries(headers)),
  body: [] as unknown as AsyncIterable<Buffer>,
})

const signed = (names: string, signature: string) =>
  `AWS4-HMAC-SHA256 Credential=${scope},SignedHeaders=${names},Signature=${signature}`
const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const date = '20130524T000000Z'

describe('the signatures in the documentation', () => {
  it('verifies GetObject', () => {
    const get = request('GET', '/test.txt', '', {
      host,
      range: 'bytes=0-9',
      'x-amz-content-sha256': empty,
      'x-amz-date': date,
      authorization: signed(
        'host;range;x-amz-content-sha256;x-amz-date',
        'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
      ),
    })
    expect(authorize(get, lookUp, 'us-east-1', now).accessKeyId).toBe(accessKeyId)
    const other = { ...get, path: '/other.txt' }
    expect(() => authorize(other, lookUp, 'us-east-1', now)).toThrow(Fault)
  })

  it('verifies PutObject with a key that needs encoding', () => {
    const put = request('PUT', '/test$file.text', '', {
      host,
      date: 'Fri, 24 May 2013 00:00:00 GMT',
      'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
      'x-amz-date': date,
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      authorization: signed(
        'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
        '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
      ),
    })
    expect(authorize(put, lookUp, 'us-east-1', now).accessKeyId).toBe(accessKeyId)
  })

  it.each([
    ['lifecycle=', 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'],
    ['max-keys=2&prefix=J', '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'],
  ])('verifies GET /?%s', (query, signature) => {
    const list = request('GET', '/', query, {
      host,
      'x-amz-content-sha256': empty,
      'x-amz-date': date,
      authorization: signed('host;x-amz-content-sha256;x-amz-date', signature),
    })
    expect(authorize(list, lookUp, 'us-east-1', now).payload).toBe(empty)
  })

  it('verifies a presigned URL until it expires', () => {
    const query = new URLSearchParams({
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': scope,
      'X-Amz-Date': date,
      'X-Amz-Expires': '86400',
      'X-Amz-SignedHeaders': 'host',
      'X-Amz-Signature': 'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
    })
    const link = request('GET', '/test.txt', String(query), { host })
    expect(authorize(link, lookUp, 'us-east-1', now).payload).toBe('UNSIGNED-PAYLOAD')
    const lastMoment = new Date('2013-05-25T00:00:00Z')
    expect(authorize(link, lookUp, 'us-east-1', lastMoment).accessKeyId).toBe(accessKeyId)
    const tooLate = new Date('2013-05-25T00:00:00.001Z')
    expect(() => authorize(link, lookUp, 'us-east-1', tooLate)).toThrow('expired')
  })
})

describe('the chunked upload in the documentation', () => {
  const seed = '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9'
  const put = request('PUT', '/examplebucket/chunkObject.txt', '', {
    host: 's3.amazonaws.com',
    'x-amz-date': date,
    'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    'content-encoding': 'aws-chunked',
    'x-amz-decoded-content-length': '66560',
    'content-length': '66824',
    authorization: signed(
      'content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class',
      seed,
    ),
  })
  const chunk = (size: number, signature: string, letter = 'a') =>
    `${size.toString(16)};chunk-signature=${signature}\r\n${letter.repeat(size)}\r\n`
  const first = 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648'
  const second = '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497'
  const last = 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9'

  const decode = async (text: string, pieceSize: number) => {
    const pieces = async function* () {
      for (let at = 0; at < text.length; at += pieceSize) yield Buffer.from(text.slice(at, at + pieceSize))
    }
    let decoded = ''
    const verifier = startChunkVerifier(authorize(put, lookUp, 'us-east-1', now))
    await decodeChunks(pieces(), verifier, bytes => {
      decoded += bytes
    })
    return decoded
  }

  it.each([1, 7, 1000, 100_000])('is decoded and verified in pieces of %i bytes', async pieceSize => {
    const body = chunk(65_536, first) + chunk(1024, second) + chunk(0, last)
    expect(await decode(body, pieceSize)).toBe('a'.repeat(66_560))
  })

  it.each([
    ['changed', chunk(65_536, first) + chunk(1024, second, 'b') + chunk(0, last)],
    ['missing', chunk(65_536, first) + chunk(0, last)],
    ['swapped', chunk(1024, second) + chunk(65_536, first) + chunk(0, last)],
    ['unsigned', `400\r\n${'a'.repeat(1024)}\r\n0\r\n\r\n`],
  ])('is rejected with a chunk %s', async (_, body) => {
    await expect(decode(body, 1000)).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' })
  })
})
