import { ONLY_JOB } from '../model/job.ts'

/** Error messages of AWS tools and SDKs that find no credentials. */
const MESSAGES = [
  // AWS CLI, botocore (boto3, Zappa, SAM)
  /Unable to locate credentials/,
  /NoCredentialsError/,
  // SDKs for JavaScript (3 and 2), and tools that use them
  /Could not load credentials from any providers/,
  /CredentialsProviderError/,
  /Missing credentials in config/,
  // Go (2 and 1), Terraform
  /failed to refresh cached credentials/,
  /NoCredentialProviders: no valid providers in chain/,
  /No valid credential sources? found/,
  // Java (2 and 1)
  /Unable to load credentials from any of the providers in the chain/,
  /Unable to load AWS credentials from any provider in the chain/,
  // Ruby, PHP, Rust, .NET
  /unable to sign request without credentials set/,
  /Error retrieving credentials from the instance profile metadata service/,
  /the credential provider was not enabled|no providers in chain provided credentials/,
  /Unable to get IAM security credentials from EC2 Instance Metadata Service/,
  // CDK, Serverless Framework
  /no credentials have been configured/,
  /Unable to resolve AWS account to use/,
  /AWS provider credentials not found/,
]

/** Variables with which AWS's tools find credentials. */
const VARIABLES = [
  ...['AWS_ACCESS_KEY_ID', 'AWS_PROFILE', 'AWS_WEB_IDENTITY_TOKEN_FILE'],
  ...['AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'],
]

/**
 * Advice for a command that failed for lack of AWS credentials. Null if its output does not mention missing credentials, or if it had some.
 * LambCI gave commands its own function's credentials.
 */
export function explainMissingCredentials(
  output: string,
  env: Readonly<Record<string, string>>,
): string | null {
  if (VARIABLES.some(name => env[name] !== undefined) || !MESSAGES.some(message => message.test(output)))
    return null
  const { LAMBCI_REPO: repository = 'owner/repo', LAMBCI_JOB: job = ONLY_JOB } = env
  return `This command has no AWS credentials. Move the deploy to "deploy", or give the job a role: lambci config set ${repository} jobRoles.${job} arn:aws:iam::… (docs/aws.md). Secret variables do as well: lambci secret set AWS_ACCESS_KEY_ID ${repository}`
}
