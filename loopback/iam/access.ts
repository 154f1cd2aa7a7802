/** What a call needs: an IAM action on an ARN, and what policies may know of the request (`s3:prefix` …). */
export type AccessRequest = {
  action: string
  resource: string
  context?: Readonly<Record<string, string | readonly string[]>>
}

/** Whether whoever holds this access key may do this. */
export type Allows = (accessKeyId: string, request: AccessRequest) => boolean

/**
 * What is so of every request here. Loopback has no TLS; that policies demand it is no reason to answer nothing, for
 * what they keep away, listeners on the way, is not there.
 */
export const CONTEXT = { 'aws:SecureTransport': 'true' } as const

/** AWS's words for a refusal. */
export const accessDeniedMessage = (arn: string, { action, resource }: AccessRequest) =>
  `User: ${arn} is not authorized to perform: ${action} on resource: ${resource}`
