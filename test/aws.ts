import { vi } from 'vitest'
import { CREDENTIALS, REGION } from './bucket.ts'

/** Lets the AWS SDK find these services where it looks by itself; `vi.unstubAllEnvs()` takes it back. */
export function pointAwsAt(urls: { s3?: string; sns?: string; scheduler?: string }): void {
  for (const [service, url] of Object.entries(urls))
    vi.stubEnv(`AWS_ENDPOINT_URL_${service.toUpperCase()}`, url)
  vi.stubEnv('AWS_REGION', REGION)
  vi.stubEnv('AWS_ACCESS_KEY_ID', CREDENTIALS.accessKeyId)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', CREDENTIALS.secretAccessKey)
  vi.stubEnv('AWS_SESSION_TOKEN', undefined)
}
