import { createHash } from 'node:crypto'
import * as z from 'zod'
import { receiveText } from './body.ts'
import type { Call, S3Response } from './call.ts'
import { type Checksum, checksumIn, compositeChecksum, startChecksum, verifyChecksum } from './checksum.ts'
import { unquoteEtag } from './conditions.ts'
import { Fault } from './faults.ts'
import { findUpload, MAX_PART } from './multipart.ts'
import { fullSpan } from './range.ts'
import type { Part, Upload } from './tables.ts'
import { replaceObject } from './write-object.ts'
import { parseXml, readFields } from './xml-request.ts'

/** In bytes; applies to all parts but the last. */
const MIN_PART = 5 * 1024 * 1024
const partSchema = z.object({ PartNumber: z.coerce.number().int().min(1).max(MAX_PART), ETag: z.string() })
type RequestedPart = z.infer<typeof partSchema>

/** CompleteMultipartUpload. The object consists of its parts' blobs, so nothing is copied. */
export async function completeMultipartUpload(call: Call): Promise<S3Response> {
  const { request, tables } = call
  const { bucket, key } = request
  const requested = parseParts(await receiveList(call))
  const upload = findUpload(call)
  const checksum = await checksumOfObject(call, upload, chooseParts(requested, tables.partsOf(upload.id)))
  const object = replaceObject(call, 'ObjectCreated:CompleteMultipartUpload', remove => {
    const stored = tables.partsOf(findUpload(call).id)
    const chosen = chooseParts(requested, stored)
    for (const part of stored) if (!chosen.includes(part)) remove(part.blobs)
    tables.removeUpload(upload.id)
    return {
      blobs: chosen.flatMap(part => part.blobs),
      size: chosen.reduce((sum, { size }) => sum + size, 0),
      etag: multipartEtag(chosen),
      modified: new Date().toISOString(),
      headers: upload.headers,
      ...(checksum && { checksum }),
    }
  })
  const location = `http://${request.headers.get('host')}/${bucket}/${key}`
  const fields = { Location: location, Bucket: bucket, Key: key, ETag: object.etag }
  return { status: 200, body: ['CompleteMultipartUploadResult', Object.entries(fields)] }
}

/** Receives the list of parts. In this request, a checksum header is that of the object, not of the body. */
function receiveList({ request, authorization }: Call): Promise<string> {
  const headers = new Map([...request.headers].filter(([name]) => !name.startsWith('x-amz-checksum-')))
  return receiveText({ ...request, headers }, authorization)
}

function parseParts(text: string): RequestedPart[] {
  const root = parseXml(text)
  const hasUnexpected = root.children.some(({ name }) => name !== 'Part')
  if (root.name !== 'CompleteMultipartUpload' || hasUnexpected || root.children.length === 0)
    throw new Fault('MalformedXML')
  return root.children.map(part => readFields(part, partSchema))
}

/**
 * Selects and validates the parts that make up the object.
 * @throws {Fault} InvalidPartOrder, InvalidPart, EntityTooSmall
 */
export function chooseParts(requested: readonly RequestedPart[], stored: readonly Part[]): Part[] {
  const byNumber = new Map(stored.map(part => [part.number, part]))
  const ascending = requested.every(({ PartNumber }, at) => PartNumber > (requested[at - 1]?.PartNumber ?? 0))
  if (!ascending) throw new Fault('InvalidPartOrder')
  return requested.map(({ PartNumber, ETag }, index) => {
    const part = byNumber.get(PartNumber)
    if (!part || unquoteEtag(part.etag) !== unquoteEtag(ETag))
      throw new Fault('InvalidPart', undefined, { PartNumber, ETag: unquoteEtag(ETag) })
    if (part.size < MIN_PART && index < requested.length - 1)
      throw new Fault('EntityTooSmall', undefined, {
        PartNumber,
        ProposedSize: part.size,
        MinSizeAllowed: MIN_PART,
      })
    return part
  })
}

/** The MD5 of the parts' MD5s, and the number of parts. */
function multipartEtag(parts: readonly Part[]): string {
  const md5 = createHash('md5')
  for (const { etag } of parts) md5.update(unquoteEtag(etag), 'hex')
  return `"${md5.digest('hex')}-${parts.length}"`
}

/** @throws {Fault} BadDigest if it differs from the checksum in the request */
async function checksumOfObject(call: Call, upload: Upload, parts: Part[]): Promise<Checksum | undefined> {
  const given = checksumIn(call.request.headers)
  const algorithm = given?.algorithm ?? upload.checksum?.algorithm
  if (!algorithm) return undefined
  if (upload.checksum?.whole ?? !given?.value.includes('-')) {
    const checksum = startChecksum(algorithm)
    const size = parts.reduce((sum, part) => sum + part.size, 0)
    const blobs = parts.flatMap(part => part.blobs)
    for await (const bytes of call.blobs.stream(blobs, fullSpan(size))) checksum.update(bytes)
    const digest = await checksum.digest()
    if (given) verifyChecksum(given, digest)
    return { algorithm, value: Buffer.from(digest).toString('base64') }
  }
  const values = parts.flatMap(part => (part.checksum?.algorithm === algorithm ? part.checksum.value : []))
  if (values.length < parts.length) return undefined
  const composite = await compositeChecksum(algorithm, values)
  if (given && given.value.replace(/-\d+$/, '') !== composite.value.replace(/-\d+$/, ''))
    throw new Fault('BadDigest')
  return composite
}
