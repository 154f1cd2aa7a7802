import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns'
import { afterAll, beforeAll, vi } from 'vitest'
import type { GitHub } from '../../../loopback/github/server.ts'
import { type Sns, startSns } from '../../../loopback/sns/sns.ts'
import {
  makeDirectory,
  makeWorkingCopy,
  removeDirectories,
} from '../../../loopback/test/github/working-copy.ts'
import { openTopics } from '../../../src/aws/topics.ts'
import { DEFAULTS } from '../../../src/config/defaults.ts'
import { openChecks } from '../../../src/github/checks.ts'
import { type Deployment, openGitHub } from '../../../src/github/client.ts'
import { openTokens } from '../../../src/github/tokens.ts'
import { commitStatusNotifier } from '../../../src/notifiers/commit-status/notifier.ts'
import { deploymentNotifier } from '../../../src/notifiers/deployment/notifier.ts'
import { openSlack } from '../../../src/notifiers/slack/client.ts'
import { slackNotifier } from '../../../src/notifiers/slack/notifier.ts'
import { snsNotifier } from '../../../src/notifiers/sns/notifier.ts'
import type { Deploy } from '../../../src/records/report-record.ts'
import { notifierContract } from '../../contracts/notifier.ts'
import { pointAwsAt } from '../../support/loopback-aws.ts'
import { openMemoryStore } from '../../support/memory-store.ts'
import { after, newsOf, viewWith } from '../../support/records.ts'
import { SLACK_TOKEN, type SlackServer, startSlack } from '../../support/slack-server.ts'
import { startGitHub } from '../../support/small-process.ts'

const TOKEN = 'the-token'
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const githubApp = { id: 4711, privateKey: String(privateKey.export({ type: 'pkcs8', format: 'pem' })) }
const MISSING = 'f'.repeat(40)
let github: GitHub
let sns: Sns
let slack: SlackServer
let directory: string
let mails = 0
let copy: Awaited<ReturnType<typeof makeWorkingCopy>>

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lambci-notifiers-'))
  github = await startGitHub({
    ...{ directory: await makeDirectory(), token: TOKEN, webhook: null },
    app: {
      ...{ id: githubApp.id, slug: 'builder', owner: 'ada' },
      publicKey: String(publicKey.export({ type: 'spki', format: 'pem' })),
      permissions: { checks: 'write', contents: 'read', statuses: 'write' },
    },
  })
  copy = await makeWorkingCopy(`${github.url}/ada/web.git`)
  sns = await startSns({
    directory,
    topics: [{ name: 'notifications' }],
    onMail: () => void mails++,
    onLambda: async () => {},
  })
  slack = await startSlack()
  pointAwsAt({ sns: sns.url })
  const client = new SNSClient()
  const topic = { TopicArn: sns.topicArn('notifications'), Protocol: 'email', Endpoint: 'ada@example.com' }
  await client.send(new SubscribeCommand(topic))
  client.destroy()
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await Promise.all([github.close(), sns.close(), slack.close()])
  await removeDirectories()
  await rm(directory, { recursive: true, force: true })
})

/** A commit of which GitHub knows nothing yet. */
async function newCommit(): Promise<string> {
  const commit = await copy.commit(`Commit ${Math.random()}`)
  await copy.push('master')
  return commit
}

const RUNNING = { phase: 'running', endedAt: null, conclusion: null, exit: null } as const
const deploy = (status: Deploy['status']): Deploy => ({
  stage: 'dev',
  status,
  reason: null,
  exit: null,
  url: null,
})

/** A GitHub client that can be made to refuse: the token is wrong, or the commit unknown. */
async function gitHubSetup() {
  let refusal: 'transient' | 'final' | null = null
  const commit = await newCommit()
  const token = async () => (refusal === 'transient' ? 'a-wrong-token' : TOKEN)
  const client = openGitHub(github.apiUrl, { comparing: token, writing: token, deploying: token })
  return {
    commit,
    refusal: () => refusal,
    client: {
      ...client,
      setStatus: (status: Parameters<typeof client.setStatus>[0]) =>
        client.setStatus(refusal === 'final' ? { ...status, commit: MISSING } : status),
      findOrCreateDeployment: (wanted: Deployment) =>
        client.findOrCreateDeployment(refusal === 'final' ? { ...wanted, commit: MISSING } : wanted),
    },
    refuse: (how: typeof refusal) => {
      refusal = how
    },
  }
}

const listed = async (path: string): Promise<unknown[]> => {
  const headers = { authorization: `token ${TOKEN}` }
  return (await fetch(`${github.apiUrl}/repos/ada/web/${path}`, { headers })).json() as Promise<unknown[]>
}

async function checkRunsOf(commit: string): Promise<{ status: string }[]> {
  const answer: unknown = await listed(`commits/${commit}/check-runs?filter=all`)
  return (answer as { check_runs: { status: string }[] }).check_runs
}

/** The statuses of each deployment of a commit, the latest first. */
async function deploymentsOf(commit: string): Promise<{ state: string }[][]> {
  const deployments = (await listed(`deployments?sha=${commit}`)) as { id: number }[]
  return Promise.all(
    deployments.map(({ id }) => listed(`deployments/${id}/statuses`) as Promise<{ state: string }[]>),
  )
}

notifierContract('commit-status', async () => {
  const { client, commit, refuse } = await gitHubSetup()
  const build = { commit }
  return {
    notifier: commitStatusNotifier({
      github: client,
      leaseHolder: { store: openMemoryStore(), holder: 'one', now: () => after(0) },
    }),
    settings: {},
    running: { ...newsOf(viewWith({ build, run: RUNNING })), isOver: false },
    ended: newsOf(viewWith({ build })),
    arrived: async () => (await listed(`commits/${commit}/statuses`)).length,
    isStanding: async () => {
      const [latest] = (await listed(`commits/${commit}/statuses`)) as { state: string }[]
      return latest?.state === 'pending'
    },
    refuse,
  }
})

notifierContract('commit-status, by check runs', async () => {
  const { client, commit, refuse, refusal } = await gitHubSetup()
  const tokens = openTokens(github.apiUrl, async () => ({ githubToken: null, cloneToken: null, githubApp }))
  const checking = async (repository: string) =>
    refusal() === 'transient' ? { token: 'a-wrong-token', appId: githubApp.id } : tokens.checking(repository)
  const checks = openChecks(github.apiUrl, { checking })
  const put: typeof checks.put = (run, id) =>
    checks.put(refusal() === 'final' ? { ...run, commit: MISSING } : run, id)
  const build = { commit }
  return {
    notifier: commitStatusNotifier({
      github: client,
      checks: { checks: { put }, mayRetry: async () => false },
      leaseHolder: { store: openMemoryStore(), holder: 'one', now: () => after(0) },
    }),
    settings: {},
    running: { ...newsOf(viewWith({ build, run: RUNNING })), isOver: false },
    ended: newsOf(viewWith({ build })),
    // Each counts once when it is created, and once when it is completed.
    arrived: async () => {
      const runs = await checkRunsOf(commit)
      return runs.length + runs.filter(({ status }) => status === 'completed').length
    },
    isStanding: async () => (await checkRunsOf(commit)).some(({ status }) => status !== 'completed'),
    refuse,
  }
})

notifierContract('deployment', async () => {
  const { client, commit, refuse } = await gitHubSetup()
  const build = { commit }
  return {
    notifier: deploymentNotifier(client),
    settings: {},
    running: { ...newsOf(viewWith({ build, report: { deploy: deploy('running') } })), isOver: false },
    ended: newsOf(viewWith({ build, report: { deploy: deploy('succeeded') } })),
    arrived: async () => {
      const statuses = await deploymentsOf(commit)
      return statuses.length + statuses.flat().length
    },
    isStanding: async () => (await deploymentsOf(commit)).some(([latest]) => latest?.state === 'in_progress'),
    refuse,
  }
})

notifierContract('slack', async () => {
  slack.messages.length = 0
  slack.behave(() => 'ok')
  return {
    notifier: slackNotifier(async () => openSlack(SLACK_TOKEN, slack.url)),
    settings: { on: 'always' as const, slack: DEFAULTS.notifications.slack },
    running: { ...newsOf(viewWith({ run: RUNNING })), isOver: false },
    ended: newsOf(viewWith()),
    arrived: () => slack.messages.reduce((sum, { edited }) => sum + 1 + edited, 0),
    refuse: how =>
      slack.behave(() => (how === null ? 'ok' : how === 'final' ? 'channel_not_found' : 'internal_error')),
  }
})

notifierContract('sns', async () => {
  mails = 0
  let refusal: 'transient' | 'final' | null = null
  const publish = openTopics()
  return {
    notifier: snsNotifier((topicArn, message) =>
      publish(refusal === null ? topicArn : sns.topicArn('missing'), message),
    ),
    settings: { on: 'always' as const, sns: { topicArn: sns.topicArn('notifications') } },
    running: { ...newsOf(viewWith({ run: RUNNING })), isOver: false },
    ended: newsOf(viewWith()),
    arrived: () => mails,
    refuse: how => {
      refusal = how
    },
  }
})
