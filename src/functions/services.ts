import { openRunnerSecrets } from '../account/secrets.ts'
import { openDeadMansSwitch } from '../admission/dead-mans-switch.ts'
import { openJobCredentials } from '../admission/job-credentials.ts'
import { openProbes, probeRequestOf } from '../admission/probe.ts'
import { openJobStarter, type PublishJob } from '../admission/publish-job.ts'
import { startEventOf } from '../admission/start-later.ts'
import { openStore } from '../aws/bucket.ts'
import { FunctionNotReady, openFunctions } from '../aws/functions.ts'
import { openScheduler } from '../aws/scheduler.ts'
import { openSts } from '../aws/sts.ts'
import { openTopics } from '../aws/topics.ts'
import { openRepositoryLookup } from '../github/repository-lookup.ts'
import { openTokens } from '../github/tokens.ts'
import type { BuildRef } from '../records/keys.ts'
import { readEnvironment, switchTargetOf } from './environment.ts'
import { structureLog } from './structured-log.ts'

const environment = readEnvironment(process.env, [
  'LAMBCI_LOG_FORMAT',
  'LAMBCI_STACK',
  'LAMBCI_BUCKET',
  'LAMBCI_JOBS_TOPIC',
  'LAMBCI_SESSION_ROLE',
  'LAMBCI_DEPLOY_ROLE',
  'LAMBCI_DEPLOY_ROLES',
  'LAMBCI_PROTECTED_FUNCTION',
  'LAMBCI_DEPLOY_FUNCTION',
  'LAMBCI_ISOLATION',
  'LAMBCI_GITHUB_API_URL',
  'LAMBCI_GITHUB_URL',
])
if (environment.LAMBCI_LOG_FORMAT === 'json') structureLog()
const { LAMBCI_STACK, LAMBCI_BUCKET, LAMBCI_JOBS_TOPIC, LAMBCI_SESSION_ROLE } = environment
const store = openStore(LAMBCI_BUCKET)
const secrets = openRunnerSecrets(store)

export const publish = openTopics()
const invoke = openFunctions()
export const githubApiUrl = environment.LAMBCI_GITHUB_API_URL
/** The URL of GitHub's pages. */
export const githubUrl = environment.LAMBCI_GITHUB_URL
export const tokens = openTokens(githubApiUrl, secrets)

const switchTarget = switchTargetOf(environment)

const ways = {
  publish,
  topicArn: LAMBCI_JOBS_TOPIC,
  invoke,
  functions: {
    protected: environment.LAMBCI_PROTECTED_FUNCTION,
    deploy: environment.LAMBCI_DEPLOY_FUNCTION,
  },
  hasTenants: environment.LAMBCI_ISOLATION === 'tenant',
}
const openStarter = (startLater: PublishJob) => openJobStarter({ ...ways, startLater })

/** Starts a job now, or fails. */
export const startNow: PublishJob = openStarter(async ({ build, job }) => {
  throw new FunctionNotReady(
    `The function of job ${job.key} of ${build.project} #${build.number} is not ready`,
  )
})

export const sendProbes = openProbes({
  ...ways,
  assumeRole: openSts(),
  sessionRole: LAMBCI_SESSION_ROLE,
  bucket: LAMBCI_BUCKET,
})
/** Makes report send the probes that http may not. */
export const requestProbes = (id: string) => invoke(switchTarget.functionArn, probeRequestOf(id))

/** The dependencies of admitting a build, except GitHub's client: http admits builds, and report starts waiting deploys. */
export const services = {
  store,
  secrets,
  publish: openStarter(message => invoke(switchTarget.functionArn, startEventOf(message))),
  deadMansSwitch: openDeadMansSwitch(openScheduler(LAMBCI_STACK), switchTarget),
  grantIssuer: {
    cloneToken: (repository: string) => tokens.cloning(repository),
    publicToken: (repository: string) => tokens.readingPublic(repository),
    jobToken: (repository: string) => tokens.forJob(repository),
    issueCredentials: openJobCredentials(openSts(), LAMBCI_BUCKET, LAMBCI_SESSION_ROLE),
    deployRole: environment.LAMBCI_DEPLOY_ROLE || null,
    deployRoles: environment.LAMBCI_DEPLOY_ROLES.split(',').filter(Boolean),
  },
  findOnGitHub: openRepositoryLookup(githubApiUrl, tokens).byName,
  invokeReport: (build: BuildRef) => invoke(switchTarget.functionArn, { switch: build }),
  now: () => new Date(),
}
