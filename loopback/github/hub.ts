import { join } from 'node:path'
import type { Addresses } from './account-payload.ts'
import { type AppOptions, type LocalApp, openLocalApp } from './app.ts'
import type { Tokens } from './credentials.ts'
import { Deliveries } from './deliveries.ts'
import { type Git, initRepository, openGit } from './git.ts'
import { Hooks, type Webhook } from './hooks.ts'
import { KeyedQueue } from './keyed-queue.ts'
import { type Collection, Records, type Row } from './records.ts'
import { Repositories } from './repositories.ts'

export type Status = {
  sha: string
  state: 'error' | 'failure' | 'pending' | 'success'
  target_url: string | null
  description: string | null
  context: string
  login: string
}
export type Deployment = {
  ref: string
  sha: string
  task: string
  payload: unknown
  environment: string
  description: string | null
  transient_environment: boolean
  production_environment: boolean
  login: string
}
export type DeploymentStatus = {
  deployment: number
  state: string
  description: string
  environment: string
  environment_url: string
  log_url: string
  login: string
}
/** A pull request. Its record belongs to the base repository. */
export type Pull = {
  number: number
  title: string
  body: string | null
  draft: boolean
  login: string
  state: 'open' | 'closed'
  closedAt: string | null
  updatedAt: string
  base: { ref: string; sha: string }
  /** `owner` is stored because the head repository may be deleted. */
  head: { repository: number; owner: string; ref: string; sha: string }
  /** The test merge of these two commits, once it is computed; `sha` is null for a conflict. */
  merge?: { base: string; head: string; sha: string | null } | null
}

export type CheckSuite = { sha: string }
export type Annotation = {
  path: string
  start_line: number
  end_line: number
  annotation_level: 'notice' | 'warning' | 'failure'
  message: string
  title: string | null
}
export type CheckAction = { label: string; description: string; identifier: string }
/** A check run of the App. */
export type CheckRun = {
  suite: number
  sha: string
  name: string
  external_id: string
  details_url: string
  status: 'queued' | 'in_progress' | 'completed'
  conclusion: string | null
  startedAt: string
  completedAt: string | null
  title: string | null
  summary: string | null
  text: string | null
  annotations: Annotation[]
  actions: CheckAction[]
}
/** A person who was added to a repository. */
export type Collaborator = { login: string; permission: 'pull' | 'triage' | 'push' | 'maintain' | 'admin' }

/** The state of the server: credentials, repositories, records and queues. */
export type Hub = {
  addresses: Addresses
  tokens: Tokens
  app: LocalApp | null
  git: Git
  records: Records
  repositories: Repositories
  /** A bare repository without refs, which a first push reads before its own repository exists. */
  emptyRepository: string
  hooks: Hooks
  deliveries: Deliveries
  /** Serializes changes within a fork network. Keyed by `networkOf`. */
  networkQueue: KeyedQueue
  /** The refs as of the last event. A difference from git's refs is a change without an event yet. */
  refs: Collection<{ ref: string; sha: string }>
  pulls: Collection<Pull>
  statuses: Collection<Status>
  deployments: Collection<Deployment>
  deploymentStatuses: Collection<DeploymentStatus>
  checkSuites: Collection<CheckSuite>
  checkRuns: Collection<CheckRun>
  collaborators: Collection<Collaborator>
}
export type PullRow = Row<Pull>

export type HubOptions = {
  directory: string
  gitPath: string
  tokens: Tokens
  app: AppOptions | null
  webhook: Webhook | null
}

/** Opens the state in the directory. The caller adds `addresses` once the server listens. */
export async function openHub({
  directory,
  gitPath,
  tokens,
  app,
  webhook,
}: HubOptions): Promise<Omit<Hub, 'addresses'>> {
  const git = await openGit(directory, gitPath)
  const records = new Records(join(directory, 'github.sqlite'))
  const localApp = app && openLocalApp(app)
  const hooks = new Hooks(records, webhook, localApp)
  const emptyRepository = join(directory, 'empty')
  await initRepository(git, emptyRepository)
  return {
    tokens,
    app: localApp,
    git,
    records,
    hooks,
    emptyRepository,
    repositories: new Repositories(git, directory, records),
    deliveries: new Deliveries(records, hooks),
    networkQueue: new KeyedQueue(),
    refs: records.collection('ref'),
    pulls: records.collection('pull'),
    statuses: records.collection('status'),
    deployments: records.collection('deployment'),
    deploymentStatuses: records.collection('deployment-status'),
    checkSuites: records.collection('check-suite'),
    checkRuns: records.collection('check-run'),
    collaborators: records.collection('collaborator'),
  }
}
