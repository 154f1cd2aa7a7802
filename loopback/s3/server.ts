import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { type Allows, CONTEXT } from '../iam/access.ts'
import { openServer, setDate } from '../loopback.ts'
import type { CredentialLookup } from '../sigv4/signature-fields.ts'
import { authorize, PRESIGNED } from './authorization.ts'
import { Blobs } from './blobs.ts'
import { type Call, requirePermission } from './call.ts'
import { filesInUse, openCatalogue } from './catalogue.ts'
import { type DirectReads, openDirectReads } from './direct-reads.ts'
import { type NotificationRule, ruleMatches, toS3Event } from './notification.ts'
import { operationOf, permissionFor } from './operations.ts'
import { parseRequest, withHoistedHeaders } from './request.ts'
import { send, sendFault } from './response.ts'
import { openTables } from './tables.ts'

export type S3Options = {
  /** The directory of buckets and objects. Only one server may use it. */
  directory: string
  /** 0, the default, picks a free port. */
  port?: number
  region?: string
  /** Created at the start if missing. */
  buckets?: readonly string[]
  credentials: CredentialLookup
  /** If missing, every authenticated caller has all permissions. */
  allows?: Allows
  notifications?: readonly NotificationRule[]
}

export type S3Server = { url: string; reads: DirectReads; close(): Promise<void> }

type Host = Pick<Call, 'database' | 'tables' | 'blobs' | 'region'> &
  Pick<S3Options, 'credentials' | 'allows'> & {
    notifications: readonly NotificationRule[]
  }

/**
 * Starts an S3 server on 127.0.0.1, path-style, with the operations that this product and common tools need; it
 * rejects others with 501. Acknowledged writes survive a crash of the process, but perhaps not a power cut, because
 * nothing waits for the disk.
 * @throws {UserError} if another server uses the directory, or the port is in use or not permitted
 */
export async function startS3(options: S3Options): Promise<S3Server> {
  const { directory, port = 0, region = 'us-east-1', notifications = [] } = options
  const database = openCatalogue(directory)
  const tables = openTables(database)
  const blobs = new Blobs(join(directory, 'blobs'), tables)
  blobs.sweep(filesInUse(database))
  for (const name of options.buckets ?? [])
    if (!tables.findBucket(name)) tables.addBucket({ name, created: new Date().toISOString() })
  const host: Host = { ...options, region, notifications, database, blobs, tables }
  const inFlight = new Set<Promise<void>>()
  const { server, url } = await openServer(
    (message, response) => {
      const served = serve(host, message, response).finally(() => inFlight.delete(served))
      inFlight.add(served)
    },
    // The pages link to whole logs here.
    { port, visitors: 'navigations', keepAliveTimeoutMs: 120_000 },
  ).catch(error => {
    database.close()
    throw error
  })
  return {
    url,
    reads: openDirectReads(tables, blobs),
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
  setDate(response)
  try {
    const request = parseRequest(message)
    response.setHeader('x-amz-request-id', request.id)
    const authorization = authorize(request, host.credentials, host.region)
    const call = createCall(
      host,
      request.query.has(PRESIGNED) ? withHoistedHeaders(request) : request,
      authorization,
    )
    const { action, handle } = operationOf(call.request)
    if (action) requirePermission(call, permissionFor(action, call.request))
    await send(response, await handle(call))
  } catch (error) {
    await sendFault(message, response, error)
  } finally {
    // Drain the rest of the body, so that the next request on the connection can be read.
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
    allows: ({ context, ...permission }) =>
      host.allows?.(principal, { ...permission, context: { ...CONTEXT, ...context } }) ?? true,
    notify: part => {
      const change = { ...part, bucket: request.bucket, principal, requestId: request.id }
      const rules = notifications.filter(rule => ruleMatches(rule, change))
      if (rules.length === 0) return
      const event = toS3Event(change, region, new Date())
      for (const { deliver } of rules) setImmediate(deliver, event)
    },
  }
}
