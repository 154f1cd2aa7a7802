import { findSecretVariables } from '../account/secrets.ts'
import type { Account } from '../account/settings.ts'
import type { Build } from '../model/build.ts'
import { LEAD } from '../records/keys.ts'
import { buildUrl } from '../records/links.ts'
import type { Store } from '../records/store.ts'
import type { DeadMansSwitch } from './dead-mans-switch.ts'
import { switchTimeOf } from './deadlines.ts'
import { type GrantIssuer, issueGrants } from './grants.ts'
import type { PublishJob } from './publish-job.ts'

/** What starting a job needs. */
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

/** Issues a job's grants, sets its build's dead man's switch, and publishes the message that starts it. */
export async function startJob(
  build: Build,
  latestEnd: string,
  { account, accountKeys }: AccountShare,
  context: StartContext,
): Promise<void> {
  const { grantIssuer, deadMansSwitch, publish, linkKey } = context
  const wanted = {
    secretVariables: findSecretVariables(accountKeys, build, account),
    deployRoles: account.deployRoles(build.branch),
    buildUrl: buildUrl(build, linkKey),
  }
  const [grants] = await Promise.all([
    issueGrants(build, LEAD, wanted, grantIssuer),
    deadMansSwitch.set(build, switchTimeOf(latestEnd)),
  ])
  await publish({ build, grants })
}
