import { ByteReader } from './byte-reader.ts'
import { Fault } from './faults.ts'

/** Verifies the signatures of a chunked body while it is decoded. Unsigned bodies have no verifier. */
export type ChunkVerifier = {
  update(bytes: Buffer): void
  /** @throws {Fault} SignatureDoesNotMatch */
  endChunk(signature: string | undefined): void
  /** @throws {Fault} SignatureDoesNotMatch */
  endTrailer(trailers: Trailers, signature: string | undefined): void
}

export type Trailers = ReadonlyMap<string, string>
export type Sink = (bytes: Buffer) => Promise<void> | void

const TRAILER_SIGNATURE = 'x-amz-trailer-signature'
const MAX_LINE = 8192
const MAX_TRAILERS = 8

/**
 * Decodes `aws-chunked`, passing on the bytes as they arrive; they are verified only when this returns.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 * @throws {Fault} IncompleteBody, MalformedTrailerError, InvalidRequest, SignatureDoesNotMatch
 */
export async function decodeChunks(
  source: AsyncIterable<Buffer>,
  verifier: ChunkVerifier | undefined,
  sink: Sink,
): Promise<Trailers> {
  const reader = new ByteReader(source)
  for (;;) {
    const { size, signature } = parseChunkHeader(await reader.line(MAX_LINE))
    for await (const bytes of reader.take(size)) {
      verifier?.update(bytes)
      await sink(bytes)
    }
    verifier?.endChunk(signature)
    if (size === 0) break
    if ((await reader.line(MAX_LINE)) !== '')
      throw new Fault('InvalidRequest', 'A chunk is longer than its declared size.')
  }
  return readTrailers(reader, verifier)
}

function parseChunkHeader(line: string): { size: number; signature: string | undefined } {
  const match = /^([0-9a-fA-F]{1,10})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line)
  if (!match) throw new Fault('InvalidRequest', 'A chunk of the body does not start with a valid size.')
  return { size: Number.parseInt(match[1] ?? '', 16), signature: match[2] }
}

async function readTrailers(reader: ByteReader, verifier: ChunkVerifier | undefined): Promise<Trailers> {
  const trailers = new Map<string, string>()
  for (let line = await reader.line(MAX_LINE); line !== ''; line = await reader.line(MAX_LINE)) {
    const colon = line.indexOf(':')
    if (colon < 1 || trailers.size === MAX_TRAILERS) throw new Fault('MalformedTrailerError')
    trailers.set(line.slice(0, colon).toLowerCase().trim(), line.slice(colon + 1).trim())
  }
  if (!(await reader.ended())) throw new Fault('MalformedTrailerError')
  const signature = trailers.get(TRAILER_SIGNATURE)
  trailers.delete(TRAILER_SIGNATURE)
  if (trailers.size > 0) verifier?.endTrailer(trailers, signature)
  return trailers
}
