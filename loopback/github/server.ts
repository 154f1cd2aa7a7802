import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Handler, openServer, setDate } from '../loopback.ts'
import type { Account } from './account-payload.ts'
import type { AppOptions } from './app.ts'
import { checkCredentials, type GitService, gitAccessError } from './credentials.ts'
import type { Sending } from './deliveries.ts'
import { serveGit } from './git-backend.ts'
import type { Webhook } from './hooks.ts'
import { type Hub, openHub } from './hub.ts'
import { type LocalPush, receiveLocalPush } from './local-push.ts'
import { answerPush } from './push-answer.ts'
import { sendMissedPushEvents, sendPushEvents } from './pushes.ts'
import { fullName, isValidName, networkOf, type Repository } from './repositories.ts'
import { ownerOf } from './repository-payload.ts'
import { serveRest } from './rest-server.ts'
import { SideBand } from './side-band.ts'
import { readTextPage } from './text-pages.ts'

export type GitHubOptions = {
  /** Holds repositories and records. Created if missing. */
  directory: string
  /** Default 0: any free port. */
  port?: number
  /** Grants full access. */
  token: string
  /** Grants read access to private repositories. */
  cloneToken?: string
  /** A GitHub App that is installed on every repository. */
  app?: AppOptions
  /** Receives the events of repositories without their own hook. */
  webhook: Webhook | null
  gitPath?: string
}

export type GitHub = {
  /** Repositories are at `<url>/<owner>/<repo>.git`. */
  url: string
  /** The REST API, at the same path as on GitHub Enterprise Server. */
  apiUrl: string
  /** Sends events to this webhook from now on, including those from before the start. Resolves once these have been sent. */
  setWebhook(webhook: Webhook | null): Promise<void>
  /** Takes a push from this machine without git's protocol: for tests, which push often. */
  receive(push: LocalPush): Promise<void>
  close(): Promise<void>
}

/**
 * Starts a local GitHub: git over smart HTTP, the part of the REST API that lambci needs, and signed webhooks. All
 * state persists in `directory`.
 * @throws UserError if git is incomplete, or the port is taken or not allowed.
 */
export async function startGitHub(options: GitHubOptions): Promise<GitHub> {
  const { directory, port = 0, token, cloneToken, app = null, webhook, gitPath = 'git' } = options
  const opened = await openHub({ directory, gitPath, tokens: { token, cloneToken }, app, webhook })
  const inFlight = new Set<Promise<void>>()
  const track = (work: Promise<void>) => {
    const tracked = work.finally(() => inFlight.delete(tracked))
    inFlight.add(tracked)
  }
  // Its answers depend on its own address.
  const handler = Promise.withResolvers<Handler>()
  const { url, server } = await openServer(
    (request, response) => track(handler.promise.then(handle => handle(request, response))),
    // A push may take long. `git-backend.ts` closes idle connections.
    { port, keepAliveTimeoutMs: 120_000, requestTimeoutMs: 0 },
  ).catch(error => {
    opened.records.close()
    throw error
  })
  const addresses = { url, apiUrl: `${url}/api/v3` }
  const hub = { ...opened, addresses }
  handler.resolve(createHandler(hub))
  hub.deliveries.resume()
  await sendMissedPushEvents(hub)
  return {
    ...addresses,
    setWebhook: async next => {
      hub.hooks.webhook = next
      hub.deliveries.resume()
      const sending = sendMissedPushEvents(hub).catch(error =>
        console.error('Unexpected error in the local GitHub:', error),
      )
      track(sending)
      await sending
      await hub.deliveries.idle()
    },
    receive: push => receiveLocalPush(hub, push),
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await Promise.all([closed, ...inFlight])
      await hub.networkQueue.idle()
      await hub.deliveries.close()
      hub.records.close()
    },
  }
}

const GIT_PATH = /^\/([^/]+)\/([^/]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/

function createHandler(hub: Hub) {
  const rest = serveRest(hub)
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    setDate(response)
    try {
      const path = (request.url ?? '').replace(/\?.*$/s, '')
      const [, owner, name, operation] = GIT_PATH.exec(path) ?? []
      if (/^\/api\/v3(\/|$)/.test(path)) await rest(request, response)
      else if (owner && name && operation) await handleGit(hub, { owner, name, operation }, request, response)
      else await sendPage(hub, path, request, response)
    } catch (error) {
      console.error('Unexpected error in the local GitHub:', error)
      response.destroy()
    }
  }
}

/** A page for people who follow a link of a build, as text, if they may read the repository. */
async function sendPage(hub: Hub, path: string, request: IncomingMessage, response: ServerResponse) {
  const [, owner = '', name = '', page = ''] = /^\/([^/]+)\/([^/]+)(?:\/(.*))?$/s.exec(decoded(path)) ?? []
  if (!isValidName(owner, name) || request.method !== 'GET') return sendError(response, 404)
  const repository = hub.repositories.findRenamed(owner, name) ?? hub.repositories.find(owner, name)
  const access = checkCredentials(request.headers.authorization, hub.tokens, hub.app)
  const error = gitAccessError('git-upload-pack', access, repository)
  if (error || !repository) return sendError(response, error ?? 404)
  const text = await readTextPage(hub.git, hub.repositories.directoryOf(repository), page)
  if (text === null) return sendError(response, 404)
  response.writeHead(200, {
    'Content-Type': 'text/plain; charset=utf-8',
    'X-Content-Type-Options': 'nosniff',
  })
  response.end(text)
}

/** The decoded path; empty if it is not well-formed. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return ''
  }
}

type GitTarget = { owner: string; name: string; operation: string }

async function handleGit(
  hub: Hub,
  target: GitTarget,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { owner, name, operation } = target
  const query = (request.url ?? '').split('?')[1] ?? ''
  const service = operation === 'info/refs' ? new URLSearchParams(query).get('service') : operation
  if (!isService(service) || !isValidName(owner, name)) return sendError(response, 404)
  const isRead = operation === 'info/refs'
  if (!(isRead ? ['GET', 'HEAD'] : ['POST']).includes(request.method ?? '')) return sendError(response, 405)
  const access = checkCredentials(request.headers.authorization, hub.tokens, hub.app)
  const renamed = hub.repositories.findRenamed(owner, name)
  const found = renamed ?? hub.repositories.find(owner, name)
  const error = gitAccessError(service, access, found)
  if (error) return sendError(response, error)
  // As on GitHub, git follows the redirect and reports it.
  if (renamed)
    return sendRedirect(response, `${hub.addresses.url}/${fullName(renamed)}.git/${operation}?${query}`)
  const isPush = operation === 'git-receive-pack'
  const sideBand = isPush && hub.hooks.webhook?.pages ? new SideBand() : null
  const serve = (directory: string) =>
    serveGit(hub.git, { directory, operation, query, sideBand }, request, response)
  // A first push learns that its repository is empty, and creates it.
  const repository = found ?? (isRead ? null : await hub.repositories.create({ owner, name }))
  if (!repository) await serve(hub.emptyRepository)
  else {
    const directory = hub.repositories.directoryOf(repository)
    const sender: Account = access.login ? { login: access.login, type: 'User' } : ownerOf(repository)
    if (isPush) {
      const sent = await hub.networkQueue.run(networkOf(repository), () =>
        handlePush(hub, repository, sender, () => serve(directory)),
      )
      if (sideBand) await endPush(hub, repository.id, sent, { sideBand, response })
    } else await serve(directory)
  }
  response.end()
}

async function handlePush(
  hub: Hub,
  { id }: Repository,
  sender: Account,
  serve: () => Promise<void>,
): Promise<Sending[]> {
  await serve()
  const repository = hub.repositories.get(id)
  return repository ? await sendPushEvents(hub, repository, sender) : []
}

type Answering = { sideBand: SideBand; response: ServerResponse }

/** Sends the end of git's answer to a push, after links to its builds. */
async function endPush(
  { hooks: { webhook }, repositories }: Hub,
  id: number,
  sent: readonly Sending[],
  { sideBand, response }: Answering,
): Promise<void> {
  const [repository, pages] = [repositories.get(id), webhook?.pages]
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const isAnswered = webhook && pages && repository && sideBand.isOpen && !response.destroyed
  response.write(
    sideBand.end(
      isAnswered ? await answerPush(sent, { url: webhook.url, pages }, repository, gone.signal) : [],
    ),
  )
}

const isService = (service: string | null): service is GitService =>
  service === 'git-upload-pack' || service === 'git-receive-pack'

const sendRedirect = (response: ServerResponse, location: string) =>
  void response.writeHead(301, { Location: location }).end()

const MESSAGES = {
  401: 'Invalid username or token.',
  403: 'Permission denied.',
  404: 'Repository not found.',
  405: 'Method not allowed.',
}

function sendError(response: ServerResponse, status: keyof typeof MESSAGES): void {
  if (status === 401) response.setHeader('WWW-Authenticate', 'Basic realm="GitHub"')
  response.writeHead(status, { 'Content-Type': 'text/plain' }).end(`${MESSAGES[status]}\n`)
}
