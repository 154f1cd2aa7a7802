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
/** How the body may be framed and signed, besides being hashed as a whole. */
const MARKERS = {
  'UNSIGNED-PAYLOAD': { chunked: false, signed: false },
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER': { chunked: true, signed: false },
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD': { chunked: true, signed: true },
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER': { chunked: true, signed: true },
} as const

export type Received = { checksum: Checksum | undefined }

/**
 * Hands the bytes of a request to `sink` as they come; they are good only once this returns. Length, hash,
 * Content-MD5, checksum and chunk signatures are verified where given.
 * @param limit the most bytes that the body may have
 * @throws {Fault} for whatever does not hold
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
    for await (const bytes of request.body) await take(bytes)
  }
  if (size !== expected) throw new Fault('IncompleteBody')
  return { checksum: digests.verify(trailers) }
}

function framingOf(payload: string): { chunked: boolean; signed: boolean } {
  if (HASH.test(payload)) return { chunked: false, signed: false }
  if (Object.hasOwn(MARKERS, payload)) return MARKERS[payload as keyof typeof MARKERS]
  throw new Fault(
    'NotImplemented',
    `This server does not know bodies of the kind x-amz-content-sha256: ${payload}.`,
  )
}

function declaredLength({ headers }: S3Request, chunked: boolean): number {
  const length = headers.get(chunked ? 'x-amz-decoded-content-length' : 'content-length')
  // No body at all has no length either.
  if (length === undefined && !chunked && !headers.has('transfer-encoding')) return 0
  if (length === undefined) throw new Fault('MissingContentLength')
  if (!/^\d{1,15}$/.test(length))
    throw new Fault('InvalidArgument', 'The length of the body must be a number.')
  return Number(length)
}

/** All that is computed over the decoded bytes as they go by. */
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
    verify: (trailers: Trailers): Checksum | undefined => {
      if (sha256 && !constantTimeEqual(sha256.digest('hex'), payload))
        throw new Fault('XAmzContentSHA256Mismatch')
      if (md5 && md5.digest('base64') !== contentMd5) throw new Fault('BadDigest')
      if ([...trailers.keys()].some(name => name !== declared)) throw new Fault('MalformedTrailerError')
      if (!algorithm || !checksum) return undefined
      const value = given?.value ?? trailers.get(declared ?? '')
      if (value === undefined) throw new Fault('MalformedTrailerError')
      verifyChecksum({ algorithm, value }, checksum.digest())
      return { algorithm, value }
    },
  }
}

function trailerAlgorithm(declared: string): Algorithm {
  const algorithm = algorithmOfHeader(declared)
  if (!algorithm) throw new Fault('MalformedTrailerError', `This server takes no trailer ${declared}.`)
  return algorithm
}

function parseMd5(text: string): void {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length !== 16 || bytes.toString('base64') !== text) throw new Fault('InvalidDigest')
}

// DeleteObjects with a thousand keys of full length stays below 2 MB.
const MAX_XML = 4 * 1024 * 1024

/** A body of XML as text. */
export async function receiveText(request: S3Request, authorization: Authorization): Promise<string> {
  const pieces: Buffer[] = []
  await receiveBody(request, authorization, MAX_XML, bytes => {
    pieces.push(bytes)
  })
  return Buffer.concat(pieces).toString('utf8')
}
