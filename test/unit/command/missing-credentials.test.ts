import { expect, test } from 'vitest'
import { explainMissingCredentials } from '../../../src/command/missing-credentials.ts'

const ENV = { LAMBCI_REPO: 'ada/web', PATH: '/bin' }

test.each([
  ['the AWS CLI', 'Unable to locate credentials. You can configure credentials by running "aws configure".'],
  ['boto3', 'botocore.exceptions.NoCredentialsError: Unable to locate credentials'],
  ["JavaScript's SDK", 'CredentialsProviderError: Could not load credentials from any providers'],
  [
    "JavaScript's SDK 2",
    'CredentialsError: Missing credentials in config, if using AWS_CONFIG_FILE, set AWS_SDK_LOAD_CONFIG=1',
  ],
  [
    "Go's SDK",
    'operation error S3: ListBuckets, get identity: get credentials: failed to refresh cached credentials, no EC2 IMDS role found',
  ],
  ["Go's SDK 1", 'NoCredentialProviders: no valid providers in chain. Deprecated.'],
  ['Terraform', 'Error: No valid credential sources found'],
  [
    "Java's SDK",
    'software.amazon.awssdk.core.exception.SdkClientException: Unable to load credentials from any of the providers in the chain AwsCredentialsProviderChain(',
  ],
  ['CDK', 'Need to perform AWS calls for account 123456789012, but no credentials have been configured'],
  [
    'CDK, for a stack of any account',
    'Unable to resolve AWS account to use. It must be either configured when you define your CDK Stack, or through the environment',
  ],
  ['the Serverless Framework', 'Error: AWS provider credentials not found. Learn how to set up'],
])('%s that finds no credentials is understood', (_, output) => {
  expect(explainMissingCredentials(`Uploading\n${output}\nnpm error code 1\n`, ENV)).toBe(
    'This command has no AWS credentials. Move the deploy to "deploy", or give the job a role: lambci config set ada/web jobRoles.build arn:aws:iam::… (docs/aws.md). Secret variables do as well: lambci secret set AWS_ACCESS_KEY_ID ada/web',
  )
})

test('the advice names the job', () => {
  const advice = explainMissingCredentials('Unable to locate credentials', { ...ENV, LAMBCI_JOB: 'e2e' })
  expect(advice).toContain('lambci config set ada/web jobRoles.e2e arn:aws:iam::…')
})

test('nothing is said of other failures, nor if the command has credentials', () => {
  expect(explainMissingCredentials('1 test failed: expected credentials to be masked', ENV)).toBeNull()
  const output = 'Unable to locate credentials'
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_PROFILE'])
    expect(explainMissingCredentials(output, { ...ENV, [name]: 'x' })).toBeNull()
})
