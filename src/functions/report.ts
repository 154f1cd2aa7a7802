import { mayRetry } from '../admission/may-retry.ts'
import { parseProbeRequest, trustsOf } from '../admission/probe.ts'
import { messageToStart, PAUSE_MS, startWhenReady } from '../admission/start-later.ts'
import { openChecks } from '../github/checks.ts'
import { openGitHub } from '../github/client.ts'
import { openNotifiers } from '../notifiers/registry.ts'
import { openSlack } from '../notifiers/slack/client.ts'
import { reportBuilds } from '../report-build.ts'
import { reportTriggersOf } from '../reporting/report-trigger.ts'
import { readEnvironment } from './environment.ts'
import { githubApiUrl, publish, sendProbes, services, startNow, tokens } from './services.ts'
import { loggedEvent } from './structured-log.ts'

const { LAMBCI_CONCURRENCY, LAMBCI_SLACK_API_URL, LAMBCI_MEMORY, LAMBCI_STORAGE, LAMBCI_TIMEOUT } =
  readEnvironment(process.env, [
    'LAMBCI_CONCURRENCY',
    'LAMBCI_SLACK_API_URL',
    'LAMBCI_MEMORY',
    'LAMBCI_STORAGE',
    'LAMBCI_TIMEOUT',
  ])

/** According to the template, which gives all functions the same architecture. */
const runFunctions = {
  memoryMb: LAMBCI_MEMORY,
  storageMb: LAMBCI_STORAGE,
  timeoutSeconds: LAMBCI_TIMEOUT,
  architecture: process.arch,
  // The other half is for the rest of the account, and four are for http and report.
  mostJobs: Math.max(1, Math.floor((LAMBCI_CONCURRENCY - 4) / 2)),
}

const github = openGitHub(githubApiUrl, tokens)
let requestId = ''
const notifiers = openNotifiers({
  github,
  checks: {
    checks: openChecks(githubApiUrl, tokens),
    mayRetry: view => mayRetry(services.store, view),
  },
  leaseHolder: {
    store: services.store,
    now: services.now,
    // A retry by Lambda has the same id, and takes over its own lease.
    get holder() {
      return requestId
    },
  },
  publish,
  openSlack: async () => {
    const { slackToken } = await services.secrets()
    return slackToken === null ? null : openSlack(slackToken, LAMBCI_SLACK_API_URL)
  },
})

const pause = () => new Promise<void>(resolve => setTimeout(resolve, PAUSE_MS))

/**
 * The report function, triggered by S3, by EventBridge Scheduler, and by the failure destination of the run functions. Http and report
 * itself invoke it to start a job whose function is not ready. It sends the probes of a self-test, and pings every three days.
 */
export async function handler(event: unknown, context: { awsRequestId: string }): Promise<void> {
  requestId = context.awsRequestId
  const message = messageToStart(event)
  if (message) return startWhenReady(message, startNow, pause)
  const probes = parseProbeRequest(event)
  if (probes) return sendProbes(probes.id === null ? trustsOf.all : trustsOf.report, probes.id)
  const triggers = reportTriggersOf(event)
  const builds = triggers.map(({ build }) => `${build.project}#${build.number}`).join(' ')
  const job = triggers[0]?.failure?.job
  await loggedEvent('report', { build: builds, job, requestId }, () =>
    reportBuilds(triggers, {
      ...services,
      compare: github.compare,
      ...{ notifiers, runFunctions, requestId },
    }),
  )
}
