/** The permission that a call needs: an IAM action on an ARN, and condition keys of the request (`s3:prefix` …). */
export type AccessRequest = {
  action: string
  resource: string
  context?: Readonly<Record<string, string | readonly string[]>>
}

/** Whether the owner of the access key has the permission. */
export type Allows = (accessKeyId: string, request: AccessRequest) => boolean

/**
 * The condition keys of every request. Policies require TLS against eavesdroppers. There are none on loopback, so plain HTTP counts as
 * secure transport.
 */
export const CONTEXT = { 'aws:SecureTransport': 'true' } as const

/** AWS's wording. */
export const accessDeniedMessage = (arn: string, { action, resource }: AccessRequest) =>
  `User: ${arn} is not authorized to perform: ${action} on resource: ${resource}`
