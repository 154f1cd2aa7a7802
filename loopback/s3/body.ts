import { createHash } from 'node:crypto'
import { constantTimeEqual } from '../sigv4/signature.ts'
import type { Authorization } from './authorization.ts'
import {
  type Algorithm,
  algorithmOfHeader,
  type Checksum,
  checksumIn,
  startChecksum,
  verifyChecksum,
} from './checksum.ts'
import { startChunkVerifier } from './chunk-signature.ts'
import { decodeChunks, type Sink, type Trailers } from './chunked-body.ts'
import { Fault } from './faults.ts'
import type { S3Request } from './request.ts'

const HASH = /^[0-9a-f]{64}$/
/** The framing and signing of a body, other than by the hash of the whole. */
const MARKERS = {
  'UNSIGNED-PAYLOAD': { chunked: false, signed: false },
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER': { chunked: true, signed: false },
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD': { chunked: true, signed: true },
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER': { chunked: true, signed: true },
} as const

export type Received = { checksum: Checksum | undefined }

/**
 * Passes the bytes of a request to `sink` as they arrive, and frees them when it has resolved; they are verified only when this
 * returns. Verifies the length, and the hash, Content-MD5, checksum and chunk signatures where present.
 * @param limit the maximum size of the body, in bytes
 * @throws {Fault} if the body is too large, incomplete, or does not match
 */
export async function receiveBody(
  request: S3Request,
  authorization: Authorization,
  limit: number,
  sink: Sink,
): Promise<Received> {
  const { chunked, signed } = framingOf(authorization.payload)
  const expected = declaredLength(request, chunked)
  if (expected > limit) throw new Fault('EntityTooLarge', undefined, { MaxSizeAllowed: limit })
  const digests = startDigests(request, authorization)
  let size = 0
  const take: Sink = async bytes => {
    size += bytes.length
    if (size > expected) throw new Fault('IncompleteBody')
    digests.update(bytes)
    await sink(bytes)
  }
  let trailers: Trailers = new Map()
  if (chunked) {
    const verifier = signed ? startChunkVerifier(authorization) : undefined
    trailers = await decodeChunks(request.body, verifier, take)
  } else {
    for await (const bytes of request.body) {
      await take(bytes)
      free(bytes)
    }
  }
  if (size !== expected) throw new Fault('IncompleteBody')
  return { checksum: await digests.verify(trailers) }
}

/**
 * Gives the memory back at once. Otherwise it would wait for the garbage collector, which visits all objects of the process for every
 * 64 MB. That takes longer than hashing them.
 */
function free(bytes: Buffer): void {
  const { buffer } = bytes
  if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length) buffer.transfer(0)
}

function framingOf(payload: string): { chunked: boolean; signed: boolean } {
  if (HASH.test(payload)) return { chunked: false, signed: false }
  if (Object.hasOwn(MARKERS, payload)) return MARKERS[payload as keyof typeof MARKERS]
  throw new Fault('NotImplemented', `This server does not implement x-amz-content-sha256: ${payload}.`)
}

function declaredLength({ headers }: S3Request, chunked: boolean): number {
  const length = headers.get(chunked ? 'x-amz-decoded-content-length' : 'content-length')
  // A request without a body has no Content-Length.
  if (length === undefined && !chunked && !headers.has('transfer-encoding')) return 0
  if (length === undefined) throw new Fault('MissingContentLength')
  if (!/^\d{1,15}$/.test(length))
    throw new Fault('InvalidArgument', 'The length of the body must be a whole number.')
  return Number(length)
}

/** The digests to compute over the decoded bytes, and their verification. */
function startDigests({ headers }: S3Request, { payload }: Authorization) {
  const given = checksumIn(headers)
  const declared = headers.get('x-amz-trailer')?.toLowerCase()
  const algorithm = given?.algorithm ?? (declared === undefined ? undefined : trailerAlgorithm(declared))
  const checksum = algorithm && startChecksum(algorithm)
  const sha256 = HASH.test(payload) ? createHash('sha256') : undefined
  const contentMd5 = headers.get('content-md5')
  const md5 = contentMd5 === undefined ? undefined : createHash('md5')
  if (contentMd5 !== undefined) parseMd5(contentMd5)
  return {
    update: (bytes: Buffer) => {
      for (const digest of [checksum, sha256, md5]) digest?.update(bytes)
    },
    verify: async (trailers: Trailers): Promise<Checksum | undefined> => {
      if (sha256 && !constantTimeEqual(sha256.digest('hex'), payload))
        throw new Fault('XAmzContentSHA256Mismatch')
      if (md5 && md5.digest('base64') !== contentMd5) throw new Fault('BadDigest')
      if ([...trailers.keys()].some(name => name !== declared)) throw new Fault('MalformedTrailerError')
      if (!algorithm || !checksum) return undefined
      const value = given?.value ?? trailers.get(declared ?? '')
      if (value === undefined) throw new Fault('MalformedTrailerError')
      verifyChecksum({ algorithm, value }, await checksum.digest())
      return { algorithm, value }
    },
  }
}

function trailerAlgorithm(declared: string): Algorithm {
  const algorithm = algorithmOfHeader(declared)
  if (!algorithm)
    throw new Fault('MalformedTrailerError', `This server does not support the trailer ${declared}.`)
  return algorithm
}

function parseMd5(text: string): void {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length !== 16 || bytes.toString('base64') !== text) throw new Fault('InvalidDigest')
}

// DeleteObjects with a thousand keys of maximum length is smaller than 2 MB.
const MAX_XML = 4 * 1024 * 1024

/** Receives an XML body as text. */
export async function receiveText(request: S3Request, authorization: Authorization): Promise<string> {
  const pieces: Buffer[] = []
  await receiveBody(request, authorization, MAX_XML, bytes => {
    pieces.push(Buffer.from(bytes))
  })
  return Buffer.concat(pieces).toString('utf8')
}
