import type { KeyObject } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { onTestFinished } from 'vitest'
import { type S3Options, startS3 } from '../../s3/server.ts'
import {
  ALGORITHM,
  canonicalRequest,
  type Scope,
  scopeText,
  sha256,
  sign,
  signingKey,
  stringToSign,
} from '../../sigv4/signature.ts'

export const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'a-secret-of-the-tests' }
export const lookUp = (id: string) => (id === credentials.accessKeyId ? credentials : undefined)

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'lambci-s3-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

export const clientFor = (endpoint: string, options: S3ClientConfig = {}) =>
  new S3Client({
    endpoint,
    credentials,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    ...options,
  })

/** Starts a server for one test, with its own client and directory. */
export async function startServer(options: Partial<S3Options> = {}) {
  const directory = options.directory ?? (await temporaryDirectory())
  const server = await startS3({ credentials: lookUp, ...options, directory })
  const client = clientFor(server.url)
  onTestFinished(async () => {
    client.destroy()
    await server.close()
  })
  return { ...server, directory, client }
}

/** The name and status of the error with which a call fails. */
export async function faultOf(work: Promise<unknown>): Promise<{ name: string; status: number | undefined }> {
  try {
    await work
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } }
    return { name, status: $metadata?.httpStatusCode }
  }
  throw new Error('The call was expected to fail, but it succeeded.')
}

export type RawRequest = {
  method?: string
  headers?: Record<string, string>
  payload?: string
  time?: string
  body?: (signed: { key: KeyObject; scope: Scope; signature: string }) => string | Uint8Array
}

/** Sends a correctly signed request that the SDK would not send. */
export async function sendRaw(
  url: string,
  { method = 'GET', headers = {}, payload, body, time }: RawRequest,
) {
  const { host, pathname, searchParams } = new URL(url)
  const now = time ?? new Date().toISOString().replace(/[-:]|\.\d{3}/g, '')
  const scope: Scope = { date: now.slice(0, 8), region: 'us-east-1', service: 's3', time: now }
  const hash = payload ?? 'UNSIGNED-PAYLOAD'
  const sent: Record<string, string> = { ...headers, 'x-amz-date': now, 'x-amz-content-sha256': hash }
  const all = new Map(Object.entries({ ...sent, host }))
  const signedHeaders = [...all.keys()].sort()
  const path = decodeURIComponent(pathname)
  const canonical = canonicalRequest({
    method,
    path,
    query: searchParams,
    headers: all,
    signedHeaders,
    payload: hash,
  })
  const key = signingKey(credentials.secretAccessKey, scope)
  const signature = sign(key, stringToSign(scope, [sha256(canonical)]))
  const credential = `${credentials.accessKeyId}/${scopeText(scope)}`
  sent.authorization = `${ALGORITHM} Credential=${credential}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`
  const response = await fetch(url, {
    method,
    headers: sent,
    body: body?.({ key, scope, signature }) ?? null,
  })
  const text = await response.text()
  return { status: response.status, code: /<Code>(\w+)<\/Code>/.exec(text)?.[1], text }
}
