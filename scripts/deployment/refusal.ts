/** Why AWS, or the CLI itself, has not done a thing. */
export type Refusal = { code: string; message: string }

/** From what the CLI writes to stderr. */
export function readRefusal(said: string): Refusal {
  const [, code = '', message = ''] =
    /An error occurred \(([^)]+)\) when calling the \w+ operation(?: \([^)]*\))?: (.*)/s.exec(said) ?? []
  if (code) return { code, message: message.trim() }
  if (/config profile .* could not be found/i.test(said)) return { code: 'NoProfile', message: said }
  if (/Unable to locate credentials/i.test(said)) return { code: 'NoCredentials', message: said }
  if (/Could not connect to the endpoint|Invalid endpoint/i.test(said))
    return { code: 'NoEndpoint', message: said }
  if (/Token has expired|SSO/i.test(said)) return { code: 'ExpiredToken', message: said }
  return { code: 'Failed', message: said.split('\n').at(-1) ?? '' }
}

/** A refusal in words, with what to do next. */
export function explainRefusal({ code, message }: Refusal, args: readonly string[], region: string): string {
  const call = args.slice(0, 2).join(' ')
  switch (code) {
    case 'NoProfile':
      return 'The AWS CLI knows no such profile: "aws configure list-profiles" says which there are.'
    case 'NoCredentials':
      return 'There are no AWS credentials: sign in with "aws configure" or "aws sso login", or name a profile with --profile.'
    case 'ExpiredToken':
    case 'ExpiredTokenException':
    case 'RequestExpired':
      return 'The AWS credentials have expired: sign in again, and run this again.'
    case 'InvalidClientTokenId':
    case 'SignatureDoesNotMatch':
    case 'UnrecognizedClientException':
      return 'AWS does not know these credentials: check them with "aws sts get-caller-identity".'
    case 'NoEndpoint':
      return `AWS does not answer in the region "${region}": is it spelled rightly, and are you connected? Choose another with --region.`
    case 'AccessDenied':
    case 'AccessDeniedException':
    case 'UnauthorizedOperation':
      return `You may not do this (aws ${call}): ${message} Ask for the right, or sign in as somebody who has it.`
    default:
      return `aws ${call} failed${code === 'Failed' ? '' : ` (${code})`}: ${message}`
  }
}
