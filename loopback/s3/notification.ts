/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html */
export type S3Event = { Records: S3EventRecord[] }

export type EventName =
  | 'ObjectCreated:Put'
  | 'ObjectCreated:Copy'
  | 'ObjectCreated:CompleteMultipartUpload'
  | 'ObjectRemoved:Delete'

export type S3EventRecord = {
  eventVersion: '2.1'
  eventSource: 'aws:s3'
  awsRegion: string
  eventTime: string
  eventName: EventName
  userIdentity: { principalId: string }
  requestParameters: { sourceIPAddress: string }
  responseElements: { 'x-amz-request-id': string; 'x-amz-id-2': string }
  s3: {
    s3SchemaVersion: '1.0'
    configurationId: string
    bucket: { name: string; ownerIdentity: { principalId: string }; arn: string }
    /** Size and entity tag are missing if the object was removed. */
    object: { key: string; size?: number; eTag?: string; sequencer: string }
  }
}

/** Event types as in S3's notification configuration (`s3:ObjectCreated:*`), and a filter on the key. */
export type NotificationRule = {
  events: readonly (`s3:${EventName}` | 's3:ObjectCreated:*' | 's3:ObjectRemoved:*')[]
  prefix?: string
  suffix?: string
  /** Called after the change is committed, outside of the request; must not throw. */
  deliver: (event: S3Event) => void
}

export type Change = {
  name: EventName
  bucket: string
  key: string
  object?: { size: number; etag: string }
  principal: string
  requestId: string
}

export function ruleMatches({ events, prefix = '', suffix = '' }: NotificationRule, change: Change): boolean {
  const matchesEvent = events.some(event =>
    event.endsWith('*') ? `s3:${change.name}`.startsWith(event.slice(0, -1)) : event === `s3:${change.name}`,
  )
  return matchesEvent && change.key.startsWith(prefix) && change.key.endsWith(suffix)
}

export function toS3Event(change: Change, region: string, time: Date): S3Event {
  const { name, bucket, key, object, principal, requestId } = change
  const record: S3EventRecord = {
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    awsRegion: region,
    eventTime: time.toISOString(),
    eventName: name,
    userIdentity: { principalId: principal },
    requestParameters: { sourceIPAddress: '127.0.0.1' },
    responseElements: { 'x-amz-request-id': requestId, 'x-amz-id-2': requestId },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId: 'local',
      bucket: { name: bucket, ownerIdentity: { principalId: 'local' }, arn: `arn:aws:s3:::${bucket}` },
      object: {
        key: formEncode(key),
        ...(object && { size: object.size, eTag: object.etag.replaceAll('"', '') }),
        sequencer: nextSequencer(time),
      },
    },
  }
  return { Records: [record] }
}

/** S3 form-encodes keys, with a space as +, but does not encode slashes. */
const formEncode = (key: string) => new URLSearchParams({ k: key }).toString().slice(2).replaceAll('%2F', '/')

let latest = 0n
/** Greater than all earlier sequencers, including those of earlier runs. Comparable as text, like S3's. */
function nextSequencer(time: Date): string {
  const now = BigInt(time.getTime()) << 16n
  latest = now > latest ? now : latest + 1n
  return latest.toString(16).toUpperCase().padStart(18, '0')
}
