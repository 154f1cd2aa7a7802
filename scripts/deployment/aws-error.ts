import { explainQuota } from './account-quotas.ts'

/** An error of AWS or of the AWS CLI. */
export type AwsError = { code: string; message: string }

/** Parses what the AWS CLI writes to stderr. */
export function parseError(stderr: string): AwsError {
  const [, code = '', message = ''] =
    /An error occurred \(([^)]+)\) when calling the \w+ operation(?: \([^)]*\))?: (.*)/s.exec(stderr) ?? []
  if (code) return { code, message: message.trim() }
  if (/config profile .* could not be found/i.test(stderr)) return { code: 'NoProfile', message: stderr }
  if (/Unable to locate credentials/i.test(stderr)) return { code: 'NoCredentials', message: stderr }
  if (/Could not connect to the endpoint|Invalid endpoint/i.test(stderr))
    return { code: 'NoEndpoint', message: stderr }
  if (/Token has expired|SSO/i.test(stderr)) return { code: 'ExpiredToken', message: stderr }
  return { code: 'Failed', message: stderr.split('\n').at(-1) ?? '' }
}

/** Describes an error and what to do next. */
export function explainError({ code, message }: AwsError, args: readonly string[], region: string): string {
  const call = args.slice(0, 2).join(' ')
  switch (code) {
    case 'NoProfile':
      return 'The AWS CLI has no such profile. Run "aws configure list-profiles" to list the profiles.'
    case 'NoCredentials':
      return 'There are no AWS credentials. Sign in with "aws configure" or "aws sso login", or name a profile with --profile.'
    case 'ExpiredToken':
    case 'ExpiredTokenException':
    case 'RequestExpired':
      return 'The AWS credentials have expired. Sign in again and deploy again.'
    case 'InvalidClientTokenId':
    case 'SignatureDoesNotMatch':
    case 'UnrecognizedClientException':
      return 'AWS rejects these credentials. Check them with "aws sts get-caller-identity".'
    case 'NoEndpoint':
      return `Cannot connect to AWS in the region "${region}". Check its spelling and your network, or choose another with --region.`
    case 'AccessDenied':
    case 'AccessDeniedException':
    case 'UnauthorizedOperation':
      return `Permission denied (aws ${call}): ${message} Request the permission, or sign in as a user who has it.`
    default:
      return `aws ${call} failed${code === 'Failed' ? '' : ` (${code})`}: ${message}${explainQuota(message)}`
  }
}
