import { Fault } from './faults.ts'

type Headers = ReadonlyMap<string, string>
type Version = { etag: string; modified: string }

/**
 * Checks the conditions of a write against the current version of the object.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 * @throws {Fault} PreconditionFailed, NoSuchKey, NotImplemented
 */
export function checkWriteConditions(headers: Headers, current: Version | undefined): void {
  const ifNoneMatch = headers.get('if-none-match')
  const ifMatch = headers.get('if-match')
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*')
    throw new Fault(
      'NotImplemented',
      'For a write, this server implements If-None-Match only with the value *.',
    )
  if (ifNoneMatch && current) throw new Fault('PreconditionFailed', undefined, { Condition: 'If-None-Match' })
  if (ifMatch === undefined) return
  if (!current) throw new Fault('NoSuchKey')
  if (!matches(ifMatch, current.etag))
    throw new Fault('PreconditionFailed', undefined, { Condition: 'If-Match' })
}

/**
 * Checks the condition of a delete. Unlike with a write, If-Match on a missing object fails with PreconditionFailed.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html
 * @throws {Fault} PreconditionFailed
 */
export function checkDeleteConditions(ifMatch: string | undefined, current: Version | undefined): void {
  if (ifMatch !== undefined && !(current && matches(ifMatch, current.etag)))
    throw new Fault('PreconditionFailed', undefined, { Condition: 'If-Match' })
}

/**
 * Evaluates the conditions of a read. Entity tags take precedence over times (RFC 9110, 13.2.2).
 * @param prefix of the header names: empty, or `x-amz-copy-source-`
 */
export function evaluateReadConditions(
  headers: Headers,
  version: Version,
  prefix = '',
): 'met' | 'unmodified' | 'failed' {
  const header = (name: string) => headers.get(prefix + name)
  const modified = Math.floor(Date.parse(version.modified) / 1000) * 1000
  const ifMatch = header('if-match')
  const unmodifiedSince = Date.parse(header('if-unmodified-since') ?? '')
  if (ifMatch === undefined ? modified > unmodifiedSince : !matches(ifMatch, version.etag)) return 'failed'
  const ifNoneMatch = header('if-none-match')
  const modifiedSince = Date.parse(header('if-modified-since') ?? '')
  if (ifNoneMatch === undefined ? modified <= modifiedSince : matches(ifNoneMatch, version.etag))
    return 'unmodified'
  return 'met'
}

/** S3 also accepts entity tags without quotes. */
export const unquoteEtag = (etag: string) => etag.trim().replace(/^"(.*)"$/, '$1')

function matches(header: string, etag: string): boolean {
  return header.split(',').some(tag => tag.trim() === '*' || unquoteEtag(tag) === unquoteEtag(etag))
}
