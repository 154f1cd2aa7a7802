import * as z from 'zod'
import { accountPayload } from './account-payload.ts'
import type { LocalApp } from './app.ts'
import { headPayload, latestRuns, runPayload, suitePayload } from './check-payload.ts'
import { readHeader, resolveCommit } from './commits.ts'
import type { CheckRun, CheckSuite, Hub } from './hub.ts'
import { type Row, timestamp } from './records.ts'
import type { Repository } from './repositories.ts'
import { repositoryPayload } from './repository-payload.ts'
import {
  actorOf,
  type Call,
  invalid,
  notFound,
  numberParameter,
  paginate,
  parameter,
  parseBody,
  RestError,
  type RestResponse,
  requireRepository,
  route,
} from './rest-call.ts'

// https://docs.github.com/rest/checks/runs
const annotationSchema = z.strictObject({
  path: z.string().min(1),
  start_line: z.int().positive().max(2_147_483_647),
  end_line: z.int().positive().max(2_147_483_647),
  annotation_level: z.enum(['notice', 'warning', 'failure']),
  message: z.string().min(1).max(65_535),
  title: z.string().max(255).nullable().default(null),
})
const outputSchema = z.strictObject({
  title: z.string().min(1).max(255),
  summary: z.string().max(65_535),
  text: z.string().max(65_535).optional(),
  annotations: z.array(annotationSchema).max(50).default([]),
})
const actionSchema = z.strictObject({
  label: z.string().min(1).max(20),
  description: z.string().min(1).max(40),
  identifier: z.string().min(1).max(20),
})
const CONCLUSIONS = [
  ...(['action_required', 'cancelled', 'failure', 'neutral', 'success', 'skipped', 'timed_out'] as const),
]
const fields = {
  name: z.string().min(1).optional(),
  external_id: z.string().optional(),
  details_url: z.url({ protocol: /^https?$/ }).optional(),
  status: z.enum(['queued', 'in_progress', 'completed']).optional(),
  conclusion: z.enum(CONCLUSIONS).optional(),
  output: outputSchema.optional(),
  actions: z.array(actionSchema).max(3).optional(),
}
const changeSchema = z.strictObject(fields)
const newSchema = z.strictObject({ ...fields, name: z.string().min(1), head_sha: z.string() })
const BASE = '/repos/:owner/:repo'
const RUN = `${BASE}/check-runs/:id`
const SUITE = `${BASE}/check-suites/:id`

export const checkRoutes = [
  route(`POST ${BASE}/check-runs`, create),
  route(`GET ${RUN}`, call => ({ status: 200, body: runPayload(placeOf(call), requireRun(call)) })),
  route(`PATCH ${RUN}`, change),
  route(`GET ${RUN}/annotations`, call => paginate(call, requireRun(call).annotations, each => each)),
  route(`GET ${BASE}/commits/:ref/check-runs`, async call => {
    const { hub, repository } = placeOf(call)
    const sha = await resolveCommit(hub.git, hub.repositories.directoryOf(repository), parameter(call, 'ref'))
    if (!sha) throw new RestError(422, `No commit found for SHA: ${parameter(call, 'ref')}`)
    return listRuns(call, sha)
  }),
  route(`GET ${SUITE}/check-runs`, call => listRuns(call, requireSuite(call).sha)),
  // The run itself is unchanged.
  route(`POST ${RUN}/rerequest`, call => {
    emitRun(call, 'rerequested', requireRun(call))
    return { status: 201, body: {} }
  }),
  route(`POST ${SUITE}/rerequest`, async call => {
    const { hub, repository } = placeOf(call)
    const suite = requireSuite(call)
    const head = await readHeader(hub.git, hub.repositories.directoryOf(repository), suite.sha)
    const head_commit = head && headPayload(head)
    const check_suite = { ...suitePayload(placeOf(call), suite), head_commit }
    emit(call, 'check_suite', { action: 'rerequested', check_suite })
    return { status: 201, body: {} }
  }),
  // GitHub has these buttons only on its pages.
  route(`POST ${RUN}/buttons/:identifier`, call => {
    const run = requireRun(call)
    const identifier = parameter(call, 'identifier')
    if (!run.actions.some(each => each.identifier === identifier)) throw notFound()
    emitRun(call, 'requested_action', run, { requested_action: { identifier } })
    return { status: 202, body: {} }
  }),
]

type Place = { hub: Hub; app: LocalApp; repository: Repository }

/** Only Apps have check runs. */
function placeOf(call: Call): Place {
  const { hub } = call
  if (!hub.app) throw notFound()
  return { hub, app: hub.app, repository: requireRepository(call) }
}

function requireRun(call: Call): Row<CheckRun> {
  const run = call.hub.checkRuns.get(numberParameter(call, 'id'))
  if (run?.repository !== requireRepository(call).id) throw notFound()
  return run
}

function requireSuite(call: Call): Row<CheckSuite> {
  const suite = call.hub.checkSuites.get(numberParameter(call, 'id'))
  if (suite?.repository !== requireRepository(call).id) throw notFound()
  return suite
}

type Given = z.infer<typeof changeSchema>

/** A conclusion completes a check run. A completed run must have one. */
function stateOf({ status, conclusion }: Given, before: Pick<CheckRun, 'status' | 'conclusion'>) {
  const next = conclusion ? 'completed' : (status ?? before.status)
  const concluded = conclusion ?? (next === before.status ? before.conclusion : null)
  if (next === 'completed' && concluded === null)
    throw invalid('A completed check run must have a conclusion.')
  // GitHub's documentation does not describe how a completed run becomes a running one.
  if (before.status === 'completed' && next !== 'completed')
    throw new RestError(
      501,
      'The local GitHub does not open a completed check run again: create another one.',
    )
  const completedAt = next === 'completed' ? { completedAt: timestamp() } : {}
  return { status: next, conclusion: concluded, ...completedAt }
}

const outputOf = ({ output }: Given) =>
  output && { title: output.title, summary: output.summary, text: output.text ?? null }

async function create(call: Call): Promise<RestResponse> {
  const { hub, repository } = placeOf(call)
  const given = parseBody(call, newSchema)
  const sha = await resolveCommit(hub.git, hub.repositories.directoryOf(repository), given.head_sha)
  if (!sha) throw new RestError(422, `No commit found for SHA: ${given.head_sha}`)
  const suite =
    hub.checkSuites.list(repository.id).find(each => each.sha === sha) ??
    hub.checkSuites.insert(repository.id, { sha })
  const run = hub.checkRuns.insert(repository.id, {
    ...{ suite: suite.id, sha, name: given.name, external_id: given.external_id ?? '' },
    details_url: given.details_url ?? hub.addresses.url,
    ...{ startedAt: timestamp(), completedAt: null },
    ...stateOf(given, { status: 'queued', conclusion: null }),
    ...{ title: null, summary: null, text: null, ...outputOf(given) },
    annotations: given.output?.annotations ?? [],
    actions: given.actions ?? [],
  })
  emitRun(call, 'created', run)
  if (run.status === 'completed') emitRun(call, 'completed', run)
  return { status: 201, body: runPayload(placeOf(call), run) }
}

/** Adds annotations to the existing ones; actions replace them. */
function change(call: Call): RestResponse {
  const before = requireRun(call)
  const given = parseBody(call, changeSchema)
  const { name, external_id, details_url, actions } = given
  call.hub.checkRuns.change(before.id, {
    ...(name !== undefined && { name }),
    ...(external_id !== undefined && { external_id }),
    ...(details_url !== undefined && { details_url }),
    ...(actions && { actions }),
    ...stateOf(given, before),
    ...outputOf(given),
    annotations: [...before.annotations, ...(given.output?.annotations ?? [])],
  })
  const run = requireRun(call)
  if (run.status === 'completed' && before.status !== 'completed') emitRun(call, 'completed', run)
  return { status: 200, body: runPayload(placeOf(call), run) }
}

/** `filter=latest`, the default: the newest run of each name. */
function listRuns(call: Call, sha: string): RestResponse {
  const { hub, repository } = placeOf(call)
  const query = call.url.searchParams
  const all =
    query.get('filter') === 'all'
      ? hub.checkRuns.list(repository.id).filter(run => run.sha === sha)
      : latestRuns(hub, repository, sha)
  const isWanted = (run: CheckRun) =>
    (query.get('check_name') ?? run.name) === run.name &&
    (query.get('app_id') ?? String(hub.app?.id)) === String(hub.app?.id)
  const found = all.filter(isWanted)
  const page = paginate(call, found, run => runPayload(placeOf(call), run))
  return { ...page, body: { total_count: found.length, check_runs: page.body } }
}

function emitRun(call: Call, action: string, run: Row<CheckRun>, more: object = {}): void {
  const place = placeOf(call)
  const suite = call.hub.checkSuites.get(run.suite)
  if (!suite) throw notFound()
  const { latest_check_runs_count: _, check_runs_url: __, ...check_suite } = suitePayload(place, suite)
  const check_run = { ...runPayload(place, run), check_suite }
  emit(call, 'check_run', { action, check_run, ...more })
}

function emit(call: Call, event: string, payload: object): void {
  const { hub, repository } = placeOf(call)
  hub.deliveries.emitToApp(repository.id, event, {
    ...payload,
    repository: repositoryPayload(hub.addresses, repository),
    sender: accountPayload(hub.addresses, actorOf(call)),
    installation: { id: 1, node_id: '' },
  })
}
