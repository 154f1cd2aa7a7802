import { vi } from 'vitest'
import { CREDENTIALS, REGION } from './bucket.ts'

/** Points the AWS SDK at these services by its environment variables; `vi.unstubAllEnvs()` undoes it. */
export function pointAwsAt(urls: {
  s3?: string
  sns?: string
  sts?: string
  scheduler?: string
  lambda?: string
}): void {
  for (const [service, url] of Object.entries(urls))
    vi.stubEnv(`AWS_ENDPOINT_URL_${service.toUpperCase()}`, url)
  vi.stubEnv('AWS_REGION', REGION)
  vi.stubEnv('AWS_ACCESS_KEY_ID', CREDENTIALS.accessKeyId)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', CREDENTIALS.secretAccessKey)
  vi.stubEnv('AWS_SESSION_TOKEN', undefined)
}

/** Region and credentials from the environment, for a contract suite that runs against an external server. */
export function clientConfigFromEnv() {
  const { AWS_REGION: region = REGION, AWS_ACCESS_KEY_ID: accessKeyId = 'test' } = process.env
  const { AWS_SECRET_ACCESS_KEY: secretAccessKey = 'test', AWS_SESSION_TOKEN: sessionToken } = process.env
  return { region, credentials: { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) } }
}
