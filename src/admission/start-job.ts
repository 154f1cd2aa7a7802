import { findSecretVariables } from '../account/secrets.ts'
import type { Account } from '../account/settings.ts'
import type { Build } from '../model/build.ts'
import { buildUrl } from '../records/links.ts'
import type { Store } from '../records/store.ts'
import type { DeadMansSwitch } from './dead-mans-switch.ts'
import { switchTimeOf } from './deadlines.ts'
import { type GrantIssuer, issueGrants, LEAD_JOB, type StartedJob, stageIn } from './grants.ts'
import { nonceOf } from './job-nonce.ts'
import type { PublishJob } from './publish-job.ts'

/** The dependencies of starting a job. */
export type StartContext = {
  store: Store
  grantIssuer: GrantIssuer
  deadMansSwitch: DeadMansSwitch
  publish: PublishJob
  /** Signs links to private builds. */
  linkKey: string
}

/** The account's settings for a build, and the keys of all settings and secrets (`listAccountKeys`). */
export type AccountShare = { account: Account; accountKeys: readonly string[] }

/** Issues the lead's grants, sets its build's dead man's switch with `setSwitch`, and publishes the message that starts it. */
export async function startLead(
  build: Build,
  latestEnd: string,
  share: AccountShare,
  context: StartContext,
  setSwitch: DeadMansSwitch['move'] = context.deadMansSwitch.set,
): Promise<void> {
  const starting = { job: LEAD_JOB, hasSecrets: true }
  const [grants] = await Promise.all([
    grantsOf(build, starting, share, context),
    setSwitch(build, switchTimeOf(latestEnd)),
  ])
  await context.publish({ build, job: LEAD_JOB, grants })
}

/** A job to start, and whether it gets secret variables. */
export type Starting = { job: StartedJob; hasSecrets: boolean }

/** Issues a job's grants and publishes the message that starts it. */
export async function startJob(
  build: Build,
  starting: Starting,
  share: AccountShare,
  context: Omit<StartContext, 'deadMansSwitch'>,
): Promise<void> {
  const grants = await grantsOf(build, starting, share, context)
  const nonce = nonceOf(build, starting.job, context.linkKey)
  await context.publish({ build, job: { ...starting.job, nonce }, grants })
}

const grantsOf = (
  build: Build,
  { job, hasSecrets }: Starting,
  { account, accountKeys }: AccountShare,
  { grantIssuer, linkKey }: Pick<StartContext, 'grantIssuer' | 'linkKey'>,
) => {
  const access = job.identity && account.accessOf(build, job.identity.name)
  // A build's tests and its lead get no secret of its stage.
  const stage = stageIn({ job })
  return issueGrants(
    build,
    job,
    {
      secretVariables: hasSecrets ? findSecretVariables(accountKeys, build, account, stage) : [],
      deployRole: stage && account.deployRole(stage),
      jobRole: access?.role?.arn ?? null,
      hasToken: access !== null && access.token !== null,
      buildUrl: buildUrl(build, linkKey),
    },
    grantIssuer,
  )
}
