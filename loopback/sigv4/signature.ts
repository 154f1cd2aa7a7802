import { createHmac, createSecretKey, hash, type KeyObject, timingSafeEqual } from 'node:crypto'

/**
 * The signed parts of a request (Signature Version 4). Path and query are decoded. `payload` is the hash of the body
 * or one of S3's markers.
 */
export type Signable = {
  method: string
  path: string
  query: Iterable<[string, string]>
  headers: ReadonlyMap<string, string>
  signedHeaders: readonly string[]
  payload: string
}

/** `20130524/us-east-1/s3/aws4_request`, and `20130524T000000Z`. */
export type Scope = { date: string; region: string; service: string; time: string }

export const ALGORITHM = 'AWS4-HMAC-SHA256'
export const sha256 = (data: string | Uint8Array) => hash('sha256', data, 'hex')
const hmac = (key: Uint8Array | KeyObject, data: string) => createHmac('sha256', key).update(data).digest()

/** Percent-encodes everything except the unreserved characters of RFC 3986. */
export const percentEncode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

/**
 * The canonical request. Unlike the path of other services, S3's is encoded once and not normalised.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function canonicalRequest({ method, path, query, headers, signedHeaders, payload }: Signable): string {
  const pairs = Array.from(query, ([name, value]) => [percentEncode(name), percentEncode(value)] as const)
    .filter(([name]) => name !== 'X-Amz-Signature')
    .sort(([nameA, valueA], [nameB, valueB]) => compare(nameA, nameB) || compare(valueA, valueB))
  return [
    method,
    percentEncode(path).replaceAll('%2F', '/'),
    pairs.map(pair => pair.join('=')).join('&'),
    ...signedHeaders.map(name => `${name}:${(headers.get(name) ?? '').trim().replace(/ +/g, ' ')}`),
    '',
    signedHeaders.join(';'),
    payload,
  ].join('\n')
}

const compare = (a: string, b: string) => Number(a > b) - Number(a < b)

export const scopeText = ({ date, region, service }: Scope) => `${date}/${region}/${service}/aws4_request`

/** The string to sign, for a request, a chunk or a trailer, depending on `algorithm`. */
export const stringToSign = (scope: Scope, lines: readonly string[], algorithm = ALGORITHM) =>
  [algorithm, scope.time, scopeText(scope), ...lines].join('\n')

/** A signing key takes four HMACs and stays the same all day. Node handles a key object faster than its bytes. */
const keyCache = new Map<string, KeyObject>()
const MAX_CACHED_KEYS = 500

export function signingKey(secretAccessKey: string, { date, region, service }: Scope): KeyObject {
  const name = [secretAccessKey, date, region, service].join('\n')
  const cached = keyCache.get(name)
  if (cached) return cached
  const bytes = [date, region, service, 'aws4_request'].reduce<Buffer>(
    (key, part) => hmac(key, part),
    Buffer.from(`AWS4${secretAccessKey}`),
  )
  const key = createSecretKey(bytes)
  if (keyCache.size >= MAX_CACHED_KEYS) keyCache.clear()
  keyCache.set(name, key)
  return key
}

export const sign = (key: KeyObject, text: string) => createHmac('sha256', key).update(text).digest('hex')

export function constantTimeEqual(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)]
  return one.length === other.length && timingSafeEqual(one, other)
}
