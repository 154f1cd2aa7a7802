import { createPrivateKey } from 'node:crypto'
import { type Administration, openAdministration } from '../github/administration.ts'
import { type AppKeys, openApp } from '../github/app.ts'
import { CLONE_PERMISSIONS, STATUS_PERMISSIONS } from '../github/tokens.ts'
import { UserError } from '../model/user-error.ts'
import { openSlack, type Slack } from '../notifiers/slack/client.ts'

/** What a person says when setting up; null for what is to stay as it is. */
export type SetupInput = {
  githubToken: string | null
  cloneToken: string | null
  githubApp: AppKeys | null
  slackToken: string | null
  /** Owners, or `owner/repo`; null: those that GitHub names. */
  owners: readonly string[] | null
  rotateWebhookSecret: boolean
  rotateLinkKey: boolean
}

/** What GitHub says of the wishes. */
export type SetupCheck = {
  /** In words, for the person. */
  who: string
  owners: readonly string[]
  /** What will not work, and what would be safer. */
  hints: readonly string[]
}

const OWNER = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,38}(\/[A-Za-z0-9._-]{1,100})?$|^\*$/

/**
 * Asks GitHub about what was given, before anything is written.
 * @throws Problem that names everything that is missing or impossible, at once
 */
export async function checkSetupInput(
  input: SetupInput,
  apiUrl: string,
  slackApiUrl?: string,
): Promise<SetupCheck> {
  const { githubToken, cloneToken, githubApp, slackToken, owners } = input
  const found = githubApp
    ? await checkApp(githubApp, apiUrl)
    : githubToken
      ? await checkToken(openAdministration(apiUrl, githubToken))
      : { who: '', owners: [], hints: [], faults: [] }
  const clone = cloneToken ? await checkCloneToken(openAdministration(apiUrl, cloneToken)) : NOTHING
  const slack = slackToken ? await checkSlack(openSlack(slackToken, slackApiUrl)) : NOTHING
  const wrong = (owners ?? []).filter(owner => !OWNER.test(owner))
  const faults = [
    ...found.faults,
    ...clone.faults,
    ...slack.faults,
    ...wrong.map(owner => `"${owner}" is neither an owner nor owner/repo.`),
    ...(githubApp && (githubToken || cloneToken) ? ['Give an App or tokens, not both.'] : []),
  ]
  if (faults.length > 0) throw new UserError(faults.join('\n'))
  return {
    who: found.who,
    owners: owners ?? found.owners,
    hints: [...found.hints, ...clone.hints, ...slack.hints],
  }
}

type Found = SetupCheck & { faults: readonly string[] }
const NOTHING: Found = { who: '', owners: [], hints: [], faults: [] }
const fault = (error: unknown): Found => {
  if (error instanceof UserError) return { ...NOTHING, faults: [error.message] }
  throw error
}

async function checkToken(github: Administration): Promise<Found> {
  try {
    const { login, scopes } = await github.identity()
    const has = (...names: string[]) => scopes === null || names.some(name => scopes.includes(name))
    const hints = [
      ...(scopes === null
        ? [
            'This is a fine-grained token: it needs Commit statuses, Deployments and Webhooks (read and write), Contents and Metadata (read).',
          ]
        : []),
      ...(has('repo', 'public_repo', 'repo_deployment')
        ? []
        : ['It lacks the scope repo_deployment: GitHub will not be told of deploys.']),
      ...(has('admin:repo_hook', 'write:repo_hook', 'repo')
        ? []
        : ['It lacks the scope admin:repo_hook: "lambci hook add" will not work with it.']),
    ]
    const faults = has('repo', 'repo:status')
      ? []
      : [
          `The GitHub token of ${login} lacks the scope repo:status (or repo, for private repositories): without it no status can be set. It has: ${scopes?.join(', ') || 'none'}.`,
        ]
    return { who: `GitHub knows the token as ${login}'s`, owners: [login], hints, faults }
  } catch (error) {
    return fault(error)
  }
}

async function checkCloneToken(github: Administration): Promise<Found> {
  try {
    const { scopes } = await github.identity()
    const isStrong = scopes?.some(
      scope => scope === 'repo' || scope.startsWith('admin:') || scope.startsWith('write:'),
    )
    const hint =
      'The clone token can do more than read, and builds of private repositories get it: a fine-grained one with Contents (read) alone is safer.'
    return { ...NOTHING, hints: isStrong ? [hint] : [] }
  } catch (error) {
    const { faults } = fault(error)
    return { ...NOTHING, faults: faults.map(text => text.replace('this token', 'the clone token')) }
  }
}

async function checkSlack(slack: Slack): Promise<Found> {
  try {
    return {
      ...NOTHING,
      hints: [`Slack knows its token as ${await slack.whoAmI()}'s. Invite it to the channel.`],
    }
  } catch (error) {
    const why = (error as Error).message.replace('the message', 'the token')
    return { ...NOTHING, faults: [`${why}. It needs a bot token (xoxb-…) with the scope chat:write.`] }
  }
}

async function checkApp(keys: AppKeys, apiUrl: string): Promise<Found> {
  if (!isPrivateKey(keys.privateKey))
    return { ...NOTHING, faults: ["The App's private key is not a PEM file as GitHub gives it."] }
  try {
    const app = openApp(apiUrl, keys)
    const { slug, permissions, events } = await app.about()
    const needed = Object.entries({ ...STATUS_PERMISSIONS, ...CLONE_PERMISSIONS }).filter(
      ([name, level]) => permissions[name] !== 'write' && permissions[name] !== level,
    )
    const faults = needed.map(
      ([name, level]) =>
        `The App ${slug} lacks the permission ${name}: ${level}. Give it on its page on GitHub, and accept the change where it is installed.`,
    )
    const missing = ['push', 'pull_request'].filter(event => !events.includes(event))
    const installed = await app.installations()
    const hints = [
      ...(permissions.deployments === 'write'
        ? []
        : [
            `The App ${slug} lacks the permission deployments: write. Without it GitHub is not told of deploys.`,
          ]),
      ...(missing.length > 0
        ? [`The App is not told of ${missing.join(' and ')}: subscribe to it on its page.`]
        : []),
      ...(installed.length === 0 ? ['The App is not installed anywhere yet.'] : []),
    ]
    const owners = installed.map(({ account }) => account)
    return {
      who: `GitHub knows the App ${slug}, installed for ${owners.join(', ') || 'nobody'}`,
      owners,
      hints,
      faults,
    }
  } catch (error) {
    if ((error as { status?: number }).status === 401)
      return { ...NOTHING, faults: ['GitHub does not accept the App: the id or the private key is wrong.'] }
    return fault(error)
  }
}

function isPrivateKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).type === 'private'
  } catch {
    return false
  }
}
