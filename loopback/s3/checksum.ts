import { createHash } from 'node:crypto'
import { Crc32, Crc32c, Crc64Nvme } from '@aws-sdk/checksums/crc'
import { Fault } from './faults.ts'

/** An incremental checksum; `digest` returns its bytes, most significant first. */
type Digest = { update(bytes: Uint8Array): void; digest(): Uint8Array | Promise<Uint8Array> }

const ALGORITHMS = {
  crc32: (): Digest => new Crc32(),
  crc32c: (): Digest => new Crc32c(),
  crc64nvme: (): Digest => new Crc64Nvme(),
  sha1: (): Digest => createHash('sha1'),
  sha256: (): Digest => createHash('sha256'),
}

export type Algorithm = keyof typeof ALGORITHMS

/** A checksum in S3's format: base64, followed by `-N` if it is the checksum of N parts' checksums. */
export type Checksum = { algorithm: Algorithm; value: string }

const PREFIX = 'x-amz-checksum-'
// Headers with the prefix that control checksums but do not contain one.
const SETTINGS = new Set(['algorithm', 'mode', 'type'])

export const startChecksum = (algorithm: Algorithm): Digest => ALGORITHMS[algorithm]()

export const checksumHeader = ({ algorithm, value }: Checksum) => ({ [`${PREFIX}${algorithm}`]: value })

/** The algorithm of a checksum header or trailer; undefined for any other header. */
export function algorithmOfHeader(name: string): Algorithm | undefined {
  const algorithm = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : 'mode'
  return SETTINGS.has(algorithm) ? undefined : parseAlgorithm(algorithm)
}

/** @throws {Fault} NotImplemented for algorithms that this server does not support */
export function parseAlgorithm(text: string): Algorithm {
  const name = text.toLowerCase()
  if (!Object.hasOwn(ALGORITHMS, name)) {
    const supported = Object.keys(ALGORITHMS).join(', ')
    throw new Fault(
      'NotImplemented',
      `This server does not compute ${name} checksums. It supports ${supported}.`,
    )
  }
  return name as Algorithm
}

/**
 * The checksum in the headers of a request, if any.
 * @throws {Fault} InvalidRequest if there are several
 */
export function checksumIn(headers: ReadonlyMap<string, string>): Checksum | undefined {
  const given: Checksum[] = []
  for (const [name, value] of headers) {
    const algorithm = algorithmOfHeader(name)
    if (algorithm) given.push({ algorithm, value })
  }
  if (given.length > 1) throw new Fault('InvalidRequest', 'Expecting a single x-amz-checksum- header.')
  return given[0]
}

/** @throws {Fault} BadDigest, or InvalidRequest if the value is not valid for its algorithm */
export function verifyChecksum({ algorithm, value }: Checksum, actual: Uint8Array): void {
  const given = Buffer.from(value, 'base64')
  if (given.length !== actual.length || given.toString('base64') !== value)
    throw new Fault('InvalidRequest', `Value for ${PREFIX}${algorithm} header is invalid.`)
  if (!given.equals(actual))
    throw new Fault(
      'BadDigest',
      `The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`,
    )
}

/** The composite checksum of a multipart object: the checksum of its parts' checksums. */
export async function compositeChecksum(algorithm: Algorithm, parts: string[]): Promise<Checksum> {
  const checksum = startChecksum(algorithm)
  for (const part of parts) checksum.update(Buffer.from(part, 'base64'))
  return { algorithm, value: `${Buffer.from(await checksum.digest()).toString('base64')}-${parts.length}` }
}
