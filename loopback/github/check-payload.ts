import { accountPayload, nodeId } from './account-payload.ts'
import type { LocalApp } from './app.ts'
import type { Commit } from './commits.ts'
import type { CheckRun, CheckSuite, Hub } from './hub.ts'
import type { Row } from './records.ts'
import type { Repository } from './repositories.ts'
import { apiUrlOf, htmlUrlOf } from './repository-payload.ts'

/** The App in check runs and suites. */
export const appPayload = ({ addresses }: Hub, { id, slug, owner, permissions }: LocalApp) => ({
  id,
  slug,
  node_id: nodeId('App', id),
  owner: accountPayload(addresses, { login: owner, type: 'User' }),
  name: slug,
  description: '',
  external_url: addresses.url,
  html_url: `${addresses.url}/apps/${slug}`,
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
  permissions: { ...permissions, metadata: 'read' },
  events: [],
})

type In = { hub: Hub; app: LocalApp; repository: Repository }

/** The newest check run of each name, newest first. */
export function latestRuns({ checkRuns }: Hub, repository: Repository, sha: string): Row<CheckRun>[] {
  const ofCommit = checkRuns.list(repository.id).filter(run => run.sha === sha)
  return [...Map.groupBy(ofCommit, ({ name }) => name).values()].flatMap(([newest]) => newest ?? [])
}

/** The state of the newest check runs of a suite. */
function statusOf(runs: readonly CheckRun[]) {
  if (runs.length === 0) return { status: 'queued', conclusion: null }
  if (runs.some(({ status }) => status !== 'completed')) return { status: 'in_progress', conclusion: null }
  const ofState = (...names: string[]) => runs.find(({ conclusion }) => names.includes(conclusion ?? ''))
  const worst =
    ofState('failure', 'timed_out', 'action_required') ?? ofState('cancelled') ?? ofState('success')
  return { status: 'completed', conclusion: worst?.conclusion ?? 'neutral' }
}

export function suitePayload({ hub, app, repository }: In, suite: Row<CheckSuite>) {
  const { id, sha, createdAt } = suite
  const runs = latestRuns(hub, repository, sha)
  const url = `${apiUrlOf(hub.addresses, repository)}/check-suites/${id}`
  return {
    id,
    node_id: nodeId('CheckSuite', id),
    head_branch: repository.defaultBranch,
    head_sha: sha,
    ...statusOf(runs),
    url,
    before: null,
    after: sha,
    pull_requests: [],
    app: appPayload(hub, app),
    created_at: createdAt,
    updated_at: createdAt,
    latest_check_runs_count: runs.length,
    check_runs_url: `${url}/check-runs`,
  }
}

/** A check run in GitHub's format. */
export function runPayload({ hub, app, repository }: In, run: Row<CheckRun>) {
  const { id, sha, name, title, summary, text, annotations, suite } = run
  const url = `${apiUrlOf(hub.addresses, repository)}/check-runs/${id}`
  const output = { title, summary, text, annotations_count: annotations.length }
  return {
    id,
    name,
    node_id: nodeId('CheckRun', id),
    head_sha: sha,
    external_id: run.external_id,
    url,
    html_url: `${htmlUrlOf(hub.addresses, repository)}/runs/${id}`,
    details_url: run.details_url,
    status: run.status,
    conclusion: run.conclusion,
    started_at: run.startedAt,
    completed_at: run.completedAt,
    output: { ...output, annotations_url: `${url}/annotations` },
    check_suite: { id: suite },
    app: appPayload(hub, app),
    pull_requests: [],
  }
}

/** The commit of a suite. */
export const headPayload = ({ id, tree, message, author, committer }: Commit) => ({
  ...{ id, tree_id: tree, message, timestamp: author.date },
  author: { name: author.name, email: author.email },
  committer: { name: committer.name, email: committer.email },
})
