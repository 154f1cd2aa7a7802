import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { Fault } from './faults.ts'

/** A path-style request: `/<bucket>/<key>`; both are empty if missing. */
export type S3Request = {
  id: string
  method: string
  /** Percent-decoded, with the leading slash. */
  path: string
  bucket: string
  key: string
  query: URLSearchParams
  /** By lower-case name; values of repeated headers are joined by commas. */
  headers: ReadonlyMap<string, string>
  body: AsyncIterable<Buffer>
}

/** @throws {Fault} InvalidURI, KeyTooLongError */
export function parseRequest(message: IncomingMessage): S3Request {
  const [target = '', query = ''] = splitOnce(message.url ?? '', '?')
  if (!target.startsWith('/')) throw new Fault('InvalidURI')
  const [bucket = '', key = ''] = splitOnce(target.slice(1), '/').map(decode)
  if (Buffer.byteLength(key) > 1024) throw new Fault('KeyTooLongError')
  return {
    id: randomUUID(),
    method: message.method ?? 'GET',
    path: decode(target),
    bucket,
    key,
    query: new URLSearchParams(query),
    headers: joinHeaders(message.headersDistinct),
    // If reading stops half-way, the socket must stay open for the response.
    body: { [Symbol.asyncIterator]: () => message.iterator({ destroyOnReturn: false }) },
  }
}

/**
 * Adds the headers that a presigned request has in its query. Like S3, ignores checksums there: the SDK adds the
 * checksum of an empty body to every presigned upload (aws-sdk-js-v3 issue 6994).
 */
export function withHoistedHeaders(request: S3Request): S3Request {
  const headers = new Map(request.headers)
  for (const [name, value] of request.query) {
    const header = name.toLowerCase()
    const hoisted = header.startsWith('x-amz-') && !header.startsWith('x-amz-checksum-')
    if (hoisted && !headers.has(header)) headers.set(header, value)
  }
  return { ...request, headers }
}

export type Bounds = { min: number; max: number }

/** @throws {Fault} InvalidArgument if the value is not an integer within the bounds */
export function integerParameter(request: S3Request, name: string, { min, max }: Bounds): number | undefined {
  const text = request.query.get(name)
  if (text === null || text === '') return undefined
  const value = Number(text)
  if (!/^\d{1,10}$/.test(text) || value < min || value > max)
    throw new Fault('InvalidArgument', `${name} must be an integer between ${min} and ${max}.`, {
      ArgumentName: name,
      ArgumentValue: text,
    })
  return value
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator)
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

/** @throws {Fault} InvalidURI */
export function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Fault('InvalidURI')
  }
}

function joinHeaders(distinct: NodeJS.Dict<string[]>): Map<string, string> {
  return new Map(Object.entries(distinct).map(([name, values]) => [name, (values ?? []).join(',')]))
}
