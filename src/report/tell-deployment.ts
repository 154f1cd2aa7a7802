import type { Report } from '../build/report-record.ts'
import type { View } from '../build/view.ts'
import { type GitHub, isFinalRefusal, reasonOfRefusal } from '../github/client.ts'
import { repositoryOf } from '../job/job.ts'
import type { Telling } from './tell-status.ts'

type Told = Report['told']['deployment']

const STATES = { running: 'in_progress', succeeded: 'success', failed: 'failure' } as const

/** Brings GitHub's deployment of a build up to date: one for each deploy that has begun, in the environment of its stage. */
export async function tellDeployment(
  view: View,
  logUrl: string,
  told: Told,
  github: GitHub,
): Promise<Telling<Told>> {
  const { deploy } = view
  const state = deploy && deploy.by === null ? STATES[deploy.status as keyof typeof STATES] : undefined
  const stands = told?.error === null && told.state === state
  // What never began is nobody's deployment, on GitHub as elsewhere.
  if (!deploy || !state || stands) return { told, again: false }
  const repository = repositoryOf(view.project)
  let id = told?.id ?? null
  try {
    id ??= await github.createDeployment({ repository, commit: view.commit, environment: deploy.stage })
    await github.setDeploymentStatus({
      ...{ repository, id, state, logUrl, environment: deploy.stage, environmentUrl: deploy.url },
      description: (deploy.reason ?? '').replace(/[\p{Cc}\u{10000}-\u{10ffff}]/gu, '').slice(0, 140),
    })
    return { told: { id, state, error: null }, again: false }
  } catch (error) {
    // 403: the token or App may set statuses, but no deployments. It is no reason to try for ever.
    const isFinal = isFinalRefusal(error) || (error as { status?: number }).status === 403
    return { told: { id, state, error: reasonOfRefusal(error) }, again: !isFinal }
  }
}
