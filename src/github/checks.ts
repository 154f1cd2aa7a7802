import { namesOf, openOctokit, statusOf } from './octokit.ts'
import type { GitHubTokens } from './tokens.ts'

/** The conclusions of GitHub that this product uses. Only `success` lets a pull request be merged. */
export type CheckConclusion = 'action_required' | 'cancelled' | 'failure' | 'success' | 'timed_out'

export type Annotation = {
  /** Relative to the root of the repository. */
  path: string
  line: number
  level: 'failure' | 'warning'
  title: string
  message: string
}

/** A button. GitHub allows 20 characters for label and identifier, 40 for the description, and three buttons. */
export type CheckAction = { label: string; description: string; identifier: string }

/** A check run as GitHub shows it. https://docs.github.com/rest/checks/runs */
export type CheckRun = {
  repository: string
  commit: string
  name: string
  /** The key by which it is found again. */
  externalId: string
  detailsUrl: string
  /** Null while it is in progress. */
  conclusion: CheckConclusion | null
  title: string
  summary: string
  annotations: readonly Annotation[]
  actions: readonly CheckAction[]
}

export type Checks = {
  /**
   * Changes the check run with this id or, for null, creates one. It may be repeated: an existing one is found again, and its annotations
   * are not added twice. Returns its id; null if this stack may not create check runs there.
   */
  put(run: CheckRun, id: number | null): Promise<number | null>
  /** The `externalId`s of the newest check runs of this stack's App in a suite. */
  idsInSuite(repository: string, suite: number): Promise<string[]>
}

type Access = { token: string; appId: number }

/** A client of GitHub's check runs. */
export const openChecks = (apiUrl: string, tokens: Pick<GitHubTokens, 'checking'>): Checks => ({
  put: async (run, id) => {
    const access = await tokens.checking(run.repository)
    if (!access) return null
    const write = () => putOnce(apiUrl, access, run, id)
    try {
      // A request without an answer may have succeeded, so look for its check run before sending it again.
      return await write().catch(error => {
        if (isUncertain(error)) return write()
        throw error
      })
    } catch (error) {
      if (id === null && isForbidden(error)) return null
      throw error
    }
  },
  idsInSuite: async (repository, suite) => {
    const access = await tokens.checking(repository)
    if (!access) return []
    const octokit = openOctokit(apiUrl, { auth: access.token }, 0)
    const { data } = await octokit.rest.checks.listForSuite({
      ...{ ...namesOf(repository), check_suite_id: suite, filter: 'latest', per_page: 100 },
      request: { retries: 1 },
    })
    return data.check_runs.flatMap(({ app, external_id }) =>
      app?.id === access.appId && external_id ? [external_id] : [],
    )
  },
})

async function putOnce(
  apiUrl: string,
  { token, appId }: Access,
  run: CheckRun,
  id: number | null,
): Promise<number> {
  // Under a rate limit "running" is dropped: the conclusion will replace it soon.
  const octokit = openOctokit(apiUrl, { auth: token }, run.conclusion === null ? 0 : undefined)
  const at = namesOf(run.repository)
  const { checks } = octokit.rest
  const findCreated = async () => {
    const wanted = { ...at, ref: run.commit, check_name: run.name, app_id: appId, filter: 'latest' } as const
    const { data } = await checks.listForRef(wanted)
    const found = data.check_runs.find(each => each.external_id === run.externalId)
    // A completed check run keeps its conclusion.
    return found && (found.status !== 'completed' || found.conclusion === run.conclusion) ? found : null
  }
  const hasAnnotations = run.annotations.length > 0
  const standing =
    id === null
      ? await findCreated()
      : hasAnnotations
        ? await checks.get({ ...at, check_run_id: id }).then(({ data }) => data, nullIfMissing)
        : { id, output: { annotations_count: 0 } }
  const body = bodyOf(run, standing?.output.annotations_count === 0 || !standing)
  const request = { retries: 0 }
  const create = async () => (await checks.create({ ...at, ...body, head_sha: run.commit, request })).data.id
  if (!standing) return create()
  try {
    await checks.update({ ...at, ...body, check_run_id: standing.id, request })
    return standing.id
  } catch (error) {
    nullIfMissing(error)
    return create()
  }
}

/** GitHub removes old check runs. */
function nullIfMissing(error: unknown): null {
  if (statusOf(error) === 404) return null
  throw error
}

/** Omits times: of two check runs with one name, GitHub may show the one that was completed last. */
const bodyOf = (run: CheckRun, withAnnotations: boolean) => ({
  name: run.name,
  external_id: run.externalId,
  details_url: run.detailsUrl,
  ...(run.conclusion === null
    ? { status: 'in_progress' as const }
    : { status: 'completed' as const, conclusion: run.conclusion }),
  output: {
    title: run.title,
    summary: run.summary,
    annotations: withAnnotations ? run.annotations.map(annotationOf) : [],
  },
  actions: [...run.actions],
})

const annotationOf = ({ path, line, level, title, message }: Annotation) => ({
  ...{ path, start_line: line, end_line: line, title, message },
  annotation_level: level,
})

/** Whether GitHub may have carried out a request although it has failed. */
const isUncertain = (error: unknown) => (statusOf(error) ?? 500) >= 500

/** Whether an App lacks the permission for its request: a rate limit is also a 403. */
const isForbidden = (error: unknown) =>
  statusOf(error) === 403 && /not accessible by integration/i.test((error as Error).message)
