import { escapeControls } from '../model/escape-controls.ts'
import { UserError } from '../model/user-error.ts'

/** The message for an error that the user can act on, in lines without control characters; null for a bug, which is printed with its stack. */
export function describeError(error: Error & { code?: string }): string | null {
  const { name, code } = error
  if (error instanceof UserError) return error.message
  const message = escapeControls(error.message)
  if (name === 'ExitPromptError') return 'Interrupted. Nothing was written.'
  if (code === 'ECONNREFUSED')
    return `Connection refused (${message}). Is the local system running? Start it with "lambci local".`
  if (message === 'Region is missing') return 'No AWS region is set. Set AWS_REGION.'
  const awsErrors = [
    'CredentialsProviderError',
    'NoSuchBucket',
    'AccessDenied',
    'InvalidAccessKeyId',
    'ExpiredToken',
  ]
  return awsErrors.includes(name)
    ? `AWS error: ${message} Check your credentials, the region and the bucket.`
    : null
}
