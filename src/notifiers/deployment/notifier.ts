import { describeGitHubError, type GitHub, isPermanentError } from '../../github/client.ts'
import { stageNameSchema } from '../../model/names.ts'
import { z } from '../../model/zod.ts'
import type { Deploy } from '../../records/report-record.ts'
import type { BuildNews, Notifier } from '../notifier.ts'

const shownSchema = z.object({
  id: z.int().positive().nullable(),
  /** The last status that GitHub has accepted. */
  accepted: z.string().nullable(),
  state: z.string(),
  error: z.string().nullable(),
})
/** The state of one deploy on GitHub. */
type Shown = z.infer<typeof shownSchema>

const deliveredSchema = z.object({
  /** By stage. */
  stages: z.record(stageNameSchema, shownSchema),
  /** The first one that remains. */
  error: z.string().nullable(),
})
type Delivered = z.infer<typeof deliveredSchema>

const STATES = { running: 'in_progress', succeeded: 'success', failed: 'failure' } as const

/** The person who requested the deploy, and the reason why it failed. GitHub allows 140 characters, and none above U+FFFF. */
const descriptionOf = (by: string | null, reason: string | null) =>
  [by && `Requested by ${by}`, reason]
    .filter(Boolean)
    .join(': ')
    .replace(/[\p{Cc}\u{10000}-\u{10ffff}]/gu, '')
    .slice(0, 140)

/** Keeps one deployment on GitHub for each deploy that has begun, in the environment of its stage. */
export const deploymentNotifier = (github: GitHub): Notifier<object, Delivered> => ({
  name: 'deployment',
  settings: z.object({}),
  delivered: deliveredSchema,
  notify: async (news, _, delivered) => {
    const before = shownBefore(delivered, news)
    const results = await Promise.all(
      news.view.deploys.map(async deploy => ({
        stage: deploy.stage,
        ...(await showDeploy(github, news, deploy, before[deploy.stage] ?? null)),
      })),
    )
    const shown = results.flatMap(({ stage, shown }) => (shown ? [[stage, shown] as const] : []))
    if (shown.length === 0) return { delivered, again: false }
    const error = shown.map(([, each]) => each.error).find(each => each !== null) ?? null
    const result = { delivered: { stages: Object.fromEntries(shown), error } }
    if (!results.some(({ again }) => again)) return { ...result, again: false }
    return { ...result, again: true, isStanding: results.some(({ isStanding }) => isStanding) }
  },
})

/** Earlier versions had one deploy for each build, and kept its state on GitHub. */
function shownBefore(delivered: unknown, { view: { deploys } }: BuildNews): Delivered['stages'] {
  const [first] = deploys
  const only = shownSchema.safeParse(delivered)
  if (only.success && first) return { [first.stage]: only.data }
  return deliveredSchema.safeParse(delivered).data?.stages ?? {}
}

type Result = { shown: Shown | null; again: boolean; isStanding: boolean }

/** Brings GitHub's deployment up to date with one deploy. */
async function showDeploy(
  github: GitHub,
  { view, url, mayHaveStage }: BuildNews,
  { stage: environment, status, reason, url: environmentUrl }: Deploy,
  before: Shown | null,
): Promise<Result> {
  const state = STATES[status as keyof typeof STATES]
  const isCurrent = before?.error === null && before.state === state
  if (!state || !mayHaveStage(environment) || isCurrent)
    return { shown: before, again: false, isStanding: false }
  const { repository, commit } = view
  let id = before?.id ?? null
  try {
    id ??= await github.findOrCreateDeployment({ repository, commit, environment, build: view.number })
    const description = descriptionOf(view.target?.by ?? null, reason)
    await github.setDeploymentStatus({
      ...{ repository, id, state, logUrl: url },
      ...{ environment, environmentUrl, description },
    })
    return { shown: { id, state, accepted: state, error: null }, again: false, isStanding: false }
  } catch (error) {
    // 403: this token or App may set statuses but no deployments. Trying again would not help.
    const isFinal = isPermanentError(error) || (error as { status?: number }).status === 403
    const accepted = before?.accepted ?? null
    // While GitHub shows it in progress, no refusal is final.
    const isStanding = accepted === STATES.running
    const shown = { id, state, accepted, error: describeGitHubError(error) }
    return { shown, again: isStanding || !isFinal, isStanding }
  }
}
