import type { WrittenBlob } from './blobs.ts'
import { receiveBody } from './body.ts'
import { type Call, commit, type S3Response } from './call.ts'
import { type Checksum, checksumHeader } from './checksum.ts'
import { openCopySource } from './copy-source.ts'
import { Fault } from './faults.ts'
import { findUpload, MAX_PART } from './multipart.ts'
import { fullSpan, parseCopyRange } from './range.ts'
import { integerParameter } from './request.ts'
import type { Part } from './tables.ts'
import { MAX_UPLOAD, md5Etag } from './write-object.ts'

/** UploadPart */
export async function uploadPart(call: Call): Promise<S3Response> {
  const number = partNumber(call)
  findUpload(call)
  const { etag, checksum } = await call.blobs.write(
    sink => receiveBody(call.request, call.authorization, MAX_UPLOAD, sink),
    (blob, received) => putPart(call, number, blob, received.checksum),
  )
  return { status: 200, headers: { etag, ...(checksum && checksumHeader(checksum)) } }
}

/** UploadPartCopy */
export async function uploadPartCopy(call: Call): Promise<S3Response> {
  const number = partNumber(call)
  findUpload(call)
  const source = openCopySource(call)
  const range = call.request.headers.get('x-amz-copy-source-range')
  const { size } = source.object
  const span = range === undefined ? fullSpan(size) : parseCopyRange(range, size)
  const keep = (blob: WrittenBlob) => putPart(call, number, blob, undefined)
  const [only, ...more] = source.object.blobs
  const isWhole = more.length === 0 && span.first === 0 && span.last === size - 1
  const md5 = /^"([0-9a-f]{32})"$/.exec(source.object.etag)?.[1]
  const { etag, modified } =
    only && isWhole && md5
      ? call.blobs.link(only, Buffer.from(md5, 'hex'), keep)
      : await call.blobs.write(async sink => {
          for await (const bytes of source.read(span)) await sink(bytes)
        }, keep)
  return {
    status: 200,
    body: [
      'CopyPartResult',
      [
        ['LastModified', modified],
        ['ETag', etag],
      ],
    ],
  }
}

function partNumber({ request }: Call): number {
  const number = integerParameter(request, 'partNumber', { min: 1, max: MAX_PART })
  if (number === undefined) throw new Fault('InvalidArgument', 'This operation requires a part number.')
  return number
}

function putPart(
  call: Call,
  number: number,
  { size, md5, keep }: WrittenBlob,
  checksum: Checksum | undefined,
): Part {
  return commit(call, remove => {
    const { id } = findUpload(call)
    const current = call.tables.findPart(id, number)
    const part: Part = {
      number,
      blobs: [keep()],
      size,
      etag: md5Etag(md5),
      modified: new Date().toISOString(),
      ...(checksum && { checksum }),
    }
    call.tables.putPart(id, part)
    if (current) remove(current.blobs)
    return part
  })
}
