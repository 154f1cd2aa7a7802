import { Fault } from './faults.ts'

type Headers = ReadonlyMap<string, string>
type Version = { etag: string; modified: string }

/**
 * Whether a write or removal may go ahead over what is there now.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 * @throws {Fault} PreconditionFailed, NoSuchKey, NotImplemented
 */
export function checkWriteConditions(headers: Headers, current: Version | undefined): void {
  const ifNoneMatch = headers.get('if-none-match')
  const ifMatch = headers.get('if-match')
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*')
    throw new Fault('NotImplemented', 'A write knows If-None-Match only with the value *.')
  if (ifNoneMatch && current) throw new Fault('PreconditionFailed', undefined, { Condition: 'If-None-Match' })
  if (ifMatch === undefined) return
  if (!current) throw new Fault('NoSuchKey')
  if (!matches(ifMatch, current.etag))
    throw new Fault('PreconditionFailed', undefined, { Condition: 'If-Match' })
}

/**
 * Whether a removal may go ahead: unlike a write, one of something that is gone fails as not matching.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html
 * @throws {Fault} PreconditionFailed
 */
export function checkDeleteConditions(ifMatch: string | undefined, current: Version | undefined): void {
  if (ifMatch !== undefined && !(current && matches(ifMatch, current.etag)))
    throw new Fault('PreconditionFailed', undefined, { Condition: 'If-Match' })
}

/**
 * What a conditional read is answered with. The entity tag outweighs the time (RFC 9110, 13.2.2).
 * @param prefix of the headers' names: empty, or `x-amz-copy-source-`
 */
export function evaluateReadConditions(
  headers: Headers,
  version: Version,
  prefix = '',
): 'good' | 'unmodified' | 'failed' {
  const header = (name: string) => headers.get(prefix + name)
  const modified = Math.floor(Date.parse(version.modified) / 1000) * 1000
  const ifMatch = header('if-match')
  const unmodifiedSince = Date.parse(header('if-unmodified-since') ?? '')
  if (ifMatch === undefined ? modified > unmodifiedSince : !matches(ifMatch, version.etag)) return 'failed'
  const ifNoneMatch = header('if-none-match')
  const modifiedSince = Date.parse(header('if-modified-since') ?? '')
  if (ifNoneMatch === undefined ? modified <= modifiedSince : matches(ifNoneMatch, version.etag))
    return 'unmodified'
  return 'good'
}

/** Clients leave out the quotes now and then, and S3 lets them. */
export const unquoteEtag = (etag: string) => etag.trim().replace(/^"(.*)"$/, '$1')

function matches(header: string, etag: string): boolean {
  return header.split(',').some(tag => tag.trim() === '*' || unquoteEtag(tag) === unquoteEtag(etag))
}
