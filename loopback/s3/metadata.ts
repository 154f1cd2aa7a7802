import { Fault } from './faults.ts'

type Headers = ReadonlyMap<string, string>

const STORED = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
]
const USER = 'x-amz-meta-'
// S3's limit for the total size of names and values of user metadata.
const MAX_USER_BYTES = 2048

/** Headers of unsupported features, each with the values that can be ignored. */
const UNSUPPORTED: Record<string, readonly string[]> = {
  'x-amz-acl': ['private', 'bucket-owner-full-control'],
  'x-amz-server-side-encryption': ['AES256'],
  'x-amz-server-side-encryption-aws-kms-key-id': [],
  'x-amz-server-side-encryption-customer-algorithm': [],
  'x-amz-copy-source-server-side-encryption-customer-algorithm': [],
  'x-amz-storage-class': ['STANDARD'],
  'x-amz-tagging': [],
  'x-amz-website-redirect-location': [],
  'x-amz-object-lock-mode': [],
  'x-amz-object-lock-legal-hold': [],
  'x-amz-write-offset-bytes': [],
}

/**
 * The headers of a write that are stored and returned with the object.
 * @throws {Fault} MetadataTooLarge, NotImplemented
 */
export function storedHeaders(headers: Headers): Record<string, string> {
  for (const [name, ignorable] of Object.entries(UNSUPPORTED)) {
    const value = headers.get(name)
    if (value !== undefined && !ignorable.includes(value))
      throw new Fault('NotImplemented', `This server does not implement ${name}: ${value}.`)
  }
  const stored: Record<string, string> = { 'content-type': 'binary/octet-stream' }
  let userBytes = 0
  for (const [name, value] of headers) {
    if (name.startsWith(USER)) userBytes += name.length - USER.length + value.length
    if (name.startsWith(USER) || STORED.includes(name)) stored[name] = value
  }
  if (userBytes > MAX_USER_BYTES) throw new Fault('MetadataTooLarge')
  return withoutAwsChunked(stored)
}

/** `aws-chunked` describes the transfer, not the object. */
function withoutAwsChunked({ 'content-encoding': encoding, ...rest }: Record<string, string>) {
  const encodings = encoding
    ?.split(',')
    .map(name => name.trim())
    .filter(name => name !== 'aws-chunked' && name !== '')
  return encodings && encodings.length > 0 ? { ...rest, 'content-encoding': encodings.join(',') } : rest
}

/** Headers of this response that the query overrides, such as `response-content-type`. */
export function responseOverrides(query: URLSearchParams): Record<string, string> {
  const entries = STORED.map(name => [name, query.get(`response-${name}`)] as const)
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== null))
}
