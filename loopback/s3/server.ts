import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { type Allows, CONTEXT } from '../iam/access.ts'
import { bind } from '../loopback.ts'
import type { CredentialLookup } from '../sigv4/signature-fields.ts'
import { authorize, PRESIGNED } from './authorization.ts'
import { Blobs } from './blobs.ts'
import { type Call, requirePermission } from './call.ts'
import { filesInUse, openCatalogue } from './catalogue.ts'
import { type NotificationRule, ruleMatches, toS3Event } from './notification.ts'
import { operationOf, permissionFor } from './operations.ts'
import { parseRequest, withHoistedHeaders } from './request.ts'
import { send, sendFault } from './response.ts'
import { openTables } from './tables.ts'

export type S3Options = {
  /** Where buckets and objects are kept; one server at a time. */
  directory: string
  /** 0, the default, takes a free one. */
  port?: number
  region?: string
  /** Made at the start where they are missing. */
  buckets?: readonly string[]
  credentials: CredentialLookup
  /** Without it, whoever has credentials may do everything. */
  allows?: Allows
  notifications?: readonly NotificationRule[]
}

export type S3Server = { url: string; close(): Promise<void> }

type Host = Pick<Call, 'database' | 'tables' | 'blobs' | 'region'> &
  Pick<S3Options, 'credentials' | 'allows'> & {
    notifications: readonly NotificationRule[]
  }

/**
 * An S3 server on 127.0.0.1, path-style, with the operations that this product and the usual tools need; every
 * other is answered 501. What it has acknowledged survives the death of
 * the process at any moment (a power cut it may not: nothing waits for the disk).
 * @throws {Problem} where another server uses the directory
 */
export async function startS3(options: S3Options): Promise<S3Server> {
  const { directory, port = 0, region = 'us-east-1', notifications = [] } = options
  const database = openCatalogue(directory)
  const blobs = new Blobs(join(directory, 'blobs'))
  blobs.sweep(filesInUse(database))
  const tables = openTables(database)
  for (const name of options.buckets ?? [])
    if (!tables.findBucket(name)) tables.addBucket({ name, created: new Date().toISOString() })
  const host: Host = { ...options, region, notifications, database, blobs, tables }
  const inFlight = new Set<Promise<void>>()
  const server = createServer((message, response) => {
    const answered = serve(host, message, response).finally(() => inFlight.delete(answered))
    inFlight.add(answered)
  })
  // Clients keep connections; one that is closed just as it is used again looks to them like a lost write.
  server.keepAliveTimeout = 120_000
  const url = await bind(server, port).catch(error => {
    database.close()
    throw error
  })
  return {
    url,
    close: async () => {
      const closed = once(server.close(), 'close')
      server.closeAllConnections()
      await Promise.all([closed, ...inFlight])
      database.close()
    },
  }
}

async function serve(host: Host, message: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader('server', 'lambci-s3')
  try {
    const request = parseRequest(message)
    response.setHeader('x-amz-request-id', request.id)
    const authorization = authorize(request, host.credentials, host.region)
    const call = createCall(
      host,
      request.query.has(PRESIGNED) ? withHoistedHeaders(request) : request,
      authorization,
    )
    const { action, answer } = operationOf(call.request)
    if (action) requirePermission(call, permissionFor(action, call.request))
    await send(response, await answer(call))
  } catch (error) {
    await sendFault(message, response, error)
  } finally {
    // What of the body nobody read would stand before the next request.
    message.resume()
  }
}

function createCall(host: Host, request: Call['request'], authorization: Call['authorization']): Call {
  const { database, tables, blobs, region, notifications } = host
  const principal = authorization.accessKeyId
  return {
    request,
    authorization,
    database,
    tables,
    blobs,
    region,
    allows: ({ context, ...asked }) =>
      host.allows?.(principal, { ...asked, context: { ...CONTEXT, ...context } }) ?? true,
    notify: part => {
      const change = { ...part, bucket: request.bucket, principal, requestId: request.id }
      const rules = notifications.filter(rule => ruleMatches(rule, change))
      if (rules.length === 0) return
      const event = toS3Event(change, region, new Date())
      for (const { deliver } of rules) setImmediate(deliver, event)
    },
  }
}
