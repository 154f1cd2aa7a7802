import { Fault } from './faults.ts'

type Headers = ReadonlyMap<string, string>

const KEPT = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
]
const USER = 'x-amz-meta-'
// S3's limit for the names and values of user metadata together.
const MAX_USER_BYTES = 2048

/** Headers that ask for what this server doesn't do, and the values of them that ask for nothing special. */
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
 * The headers of a write that come back with the object.
 * @throws {Fault} MetadataTooLarge, NotImplemented
 */
export function storedHeaders(headers: Headers): Record<string, string> {
  for (const [name, harmless] of Object.entries(UNSUPPORTED)) {
    const value = headers.get(name)
    if (value !== undefined && !harmless.includes(value))
      throw new Fault('NotImplemented', `This server does not implement ${name}: ${value}.`)
  }
  const stored: Record<string, string> = { 'content-type': 'binary/octet-stream' }
  let userBytes = 0
  for (const [name, value] of headers) {
    if (name.startsWith(USER)) userBytes += name.length - USER.length + value.length
    if (name.startsWith(USER) || KEPT.includes(name)) stored[name] = value
  }
  if (userBytes > MAX_USER_BYTES) throw new Fault('MetadataTooLarge')
  return withoutAwsChunked(stored)
}

/** `aws-chunked` says how the body travelled, not what it is. */
function withoutAwsChunked({ 'content-encoding': encoding, ...rest }: Record<string, string>) {
  const own = encoding
    ?.split(',')
    .map(name => name.trim())
    .filter(name => name !== 'aws-chunked' && name !== '')
  return own && own.length > 0 ? { ...rest, 'content-encoding': own.join(',') } : rest
}

/** `response-content-type` and the like: what this one answer says instead. */
export function overrides(query: URLSearchParams): Record<string, string> {
  const entries = KEPT.map(name => [name, query.get(`response-${name}`)] as const)
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== null))
}
