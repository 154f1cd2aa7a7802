import { describeGitHubError, type GitHub, isPermanentError } from '../../github/client.ts'
import { z } from '../../model/zod.ts'
import type { Notifier } from '../notifier.ts'

const deliveredSchema = z.object({
  id: z.int().positive().nullable(),
  /** What GitHub has accepted last. */
  accepted: z.string().nullable(),
  state: z.string(),
  error: z.string().nullable(),
})
type Delivered = z.infer<typeof deliveredSchema>

const STATES = { running: 'in_progress', succeeded: 'success', failed: 'failure' } as const

/** Who has requested the deploy, and why it failed. GitHub takes at most 140 characters, and none above U+FFFF. */
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
  notify: async ({ view, url, mayHaveStage }, _, delivered) => {
    const { deploy } = view
    const state = deploy ? STATES[deploy.status as keyof typeof STATES] : undefined
    const isCurrent = delivered?.error === null && delivered.state === state
    if (!deploy || !state || !mayHaveStage || isCurrent) return { delivered, again: false }
    const { repository } = view
    const environment = deploy.stage
    let id = delivered?.id ?? null
    try {
      id ??= await github.createDeployment({ repository, commit: view.commit, environment })
      await github.setDeploymentStatus({
        repository,
        id,
        state,
        logUrl: url,
        environment,
        environmentUrl: deploy.url,
        description: descriptionOf(view.target?.by ?? null, deploy.reason),
      })
      return { delivered: { id, state, accepted: state, error: null }, again: false }
    } catch (error) {
      // 403: this token or App may set statuses but no deployments. Trying again would not help.
      const isFinal = isPermanentError(error) || (error as { status?: number }).status === 403
      const accepted = delivered?.accepted ?? null
      // As long as GitHub shows it in progress, no refusal is final.
      const isStanding = accepted === STATES.running
      const next = { id, state, accepted, error: describeGitHubError(error) }
      return { delivered: next, again: isStanding || !isFinal, isStanding }
    }
  },
})
