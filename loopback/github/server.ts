import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { bind } from '../loopback.ts'
import type { Account } from './account-payload.ts'
import type { AppOptions } from './app.ts'
import { checkCredentials, type GitService, refuseGit } from './credentials.ts'
import { serveGit } from './git-backend.ts'
import type { Webhook } from './hooks.ts'
import { type Hub, openHub } from './hub.ts'
import { announceChanges, announceMissed } from './pushes.ts'
import { isValidName, networkOf, type Repository } from './repositories.ts'
import { ownerOf } from './repository-payload.ts'
import { serveRest } from './rest-server.ts'

export type GitHubOptions = {
  /** Where repositories and records are kept; made where it is missing. */
  directory: string
  /** 0, the default: any free one. */
  port?: number
  /** May do everything. */
  token: string
  /** May read private repositories. */
  cloneToken?: string
  /** An App that is installed everywhere. */
  app?: AppOptions
  /** Where events go of repositories without a hook of their own. */
  webhook: Webhook | null
  gitPath?: string
}

export type GitHub = {
  /** Repositories are at `<url>/<owner>/<repo>.git`. */
  url: string
  /** The REST API, where GitHub Enterprise has it. */
  apiUrl: string
  /** Sends events there from now on, and those that had nowhere to go when the server started. */
  setWebhook(webhook: Webhook | null): void
  close(): Promise<void>
}

/**
 * A GitHub on loopback: git over smart HTTP, the part of the REST API that lambci needs, signed webhooks. All
 * of it is still there when the server starts again with the same directory.
 */
export async function startGitHub(options: GitHubOptions): Promise<GitHub> {
  const { directory, port = 0, token, cloneToken, app = null, webhook, gitPath = 'git' } = options
  const server = createServer()
  // A push may take its time; silent connections are ended elsewhere.
  server.requestTimeout = 0
  const opened = await openHub({ directory, gitPath, tokens: { token, cloneToken }, app, webhook })
  const url = await bind(server, port).catch(error => {
    opened.records.close()
    throw error
  })
  const addresses = { url, apiUrl: `${url}/api/v3` }
  const hub = { ...opened, addresses }
  const underWay = new Set<Promise<void>>()
  const track = (work: Promise<void>) => {
    const tracked = work.finally(() => underWay.delete(tracked))
    underWay.add(tracked)
  }
  const serve = serveBoth(hub)
  server.on('request', (request, response) => track(serve(request, response)))
  hub.deliveries.resume()
  await announceMissed(hub)
  return {
    ...addresses,
    setWebhook: next => {
      hub.hooks.webhook = next
      hub.deliveries.resume()
      track(announceMissed(hub).catch(error => console.error('The local GitHub failed:', error)))
    },
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await Promise.all([closed, ...underWay])
      await hub.deliveries.close()
      hub.records.close()
    },
  }
}

const GIT_PATH = /^\/([^/]+)\/([^/]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/

function serveBoth(hub: Hub) {
  const rest = serveRest(hub)
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const path = (request.url ?? '').replace(/\?.*$/s, '')
      const [, owner, name, operation] = GIT_PATH.exec(path) ?? []
      // A page in a browser that has made this address its own must not read what is here.
      if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? '')) refuse(response, 403)
      else if (/^\/api\/v3(\/|$)/.test(path)) await rest(request, response)
      else if (owner && name && operation) await git(hub, { owner, name, operation }, request, response)
      else refuse(response, 404)
    } catch (error) {
      console.error('The local GitHub failed:', error)
      response.destroy()
    }
  }
}

type GitTarget = { owner: string; name: string; operation: string }

async function git(
  hub: Hub,
  target: GitTarget,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { owner, name, operation } = target
  const query = (request.url ?? '').split('?')[1] ?? ''
  const service = operation === 'info/refs' ? new URLSearchParams(query).get('service') : operation
  if (!isService(service) || !isValidName(owner, name)) return refuse(response, 404)
  const access = checkCredentials(request.headers.authorization, hub.tokens, hub.app)
  const found = hub.repositories.find(owner, name)
  const refusal = refuseGit(service, access, found)
  if (refusal) return refuse(response, refusal)
  const repository = found ?? (await hub.repositories.create({ owner, name }))
  const directory = hub.repositories.directoryOf(repository)
  const answer = () => serveGit(hub.git, { directory, operation, query }, request, response)
  const sender: Account = access.login ? { login: access.login, type: 'User' } : ownerOf(repository)
  if (operation === 'git-receive-pack')
    await hub.turns.take(networkOf(repository), () => push(hub, repository, sender, answer))
  else await answer()
  response.end()
}

async function push(
  hub: Hub,
  { id }: Repository,
  sender: Account,
  answer: () => Promise<void>,
): Promise<void> {
  await answer()
  const repository = hub.repositories.get(id)
  if (repository) await announceChanges(hub, repository, sender)
}

const isService = (service: string | null): service is GitService =>
  service === 'git-upload-pack' || service === 'git-receive-pack'

const MESSAGES = {
  401: 'Invalid username or token.',
  403: 'Permission denied.',
  404: 'Repository not found.',
}

function refuse(response: ServerResponse, status: keyof typeof MESSAGES): void {
  if (status === 401) response.setHeader('WWW-Authenticate', 'Basic realm="GitHub"')
  response.writeHead(status, { 'Content-Type': 'text/plain' }).end(`${MESSAGES[status]}\n`)
}
