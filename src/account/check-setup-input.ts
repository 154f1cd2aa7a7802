import { createPrivateKey } from 'node:crypto'
import { type Administration, openAdministration } from '../github/administration.ts'
import { type AppKeys, openApp } from '../github/app.ts'
import { CLONE_PERMISSIONS, STATUS_PERMISSIONS } from '../github/tokens.ts'
import { REPOSITORY_PATTERN } from '../model/names.ts'
import { UserError } from '../model/user-error.ts'
import { openSlack, type Slack } from '../notifiers/slack/client.ts'

/** The input of `lambci setup`. Null fields keep their current value. */
export type SetupInput = {
  githubToken: string | null
  cloneToken: string | null
  githubApp: AppKeys | null
  slackToken: string | null
  /** The repositories to build: `owner`, `owner/repo` or `*`. Null: the owners that GitHub returns. */
  owners: readonly string[] | null
  rotateWebhookSecret: boolean
  /** Whether webhooks with the one secret of the stack are refused. */
  refuseSharedSecret: boolean
  rotateLinkKey: boolean
}

/** The result of checking a `SetupInput`. */
export type SetupCheck = {
  /** Describes the owner of the token or App, without a full stop. Empty if neither is given. */
  who: string
  owners: readonly string[]
  /** Notes on features that will not work, and on safer alternatives. */
  hints: readonly string[]
}

/**
 * Checks the credentials with GitHub and Slack. Writes nothing.
 * @throws UserError that lists all errors
 */
export async function checkSetupInput(
  input: SetupInput,
  apiUrl: string,
  slackApiUrl?: string,
): Promise<SetupCheck> {
  const { githubToken, cloneToken, githubApp, slackToken, owners } = input
  const account = githubApp
    ? await checkApp(githubApp, apiUrl)
    : githubToken
      ? await checkToken(openAdministration(apiUrl, githubToken))
      : NOTHING
  const clone = cloneToken ? await checkCloneToken(openAdministration(apiUrl, cloneToken)) : NOTHING
  const slack = slackToken ? await checkSlack(openSlack(slackToken, slackApiUrl)) : NOTHING
  const invalid = (owners ?? []).filter(owner => !REPOSITORY_PATTERN.test(owner))
  const errors = [
    ...account.errors,
    ...clone.errors,
    ...slack.errors,
    ...invalid.map(owner => `"${owner}" is not valid: write owner, owner/repo or *.`),
    ...(githubApp && (githubToken || cloneToken) ? ['Use either an App or tokens, not both.'] : []),
  ]
  if (errors.length > 0) throw new UserError(errors)
  return {
    who: account.who,
    owners: owners ?? account.owners,
    hints: [...account.hints, ...clone.hints, ...slack.hints],
  }
}

type CheckResult = SetupCheck & { errors: readonly string[] }
const NOTHING: CheckResult = { who: '', owners: [], hints: [], errors: [] }
const asResult = (error: unknown): CheckResult => {
  if (error instanceof UserError) return { ...NOTHING, errors: error.lines }
  throw error
}

async function checkToken(github: Administration): Promise<CheckResult> {
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
        : ['It lacks the scope repo_deployment: deploys will not be reported to GitHub.']),
      ...(has('admin:repo_hook', 'write:repo_hook', 'repo')
        ? []
        : ['It lacks the scope admin:repo_hook: "lambci hook add" will not work with it.']),
    ]
    const errors = has('repo', 'repo:status')
      ? []
      : [
          `The GitHub token of ${login} lacks the scope repo:status (or repo, for private repositories): it cannot set commit statuses. It has: ${scopes?.join(', ') || 'none'}.`,
        ]
    return { who: `The GitHub token belongs to ${login}`, owners: [login], hints, errors }
  } catch (error) {
    return asResult(error)
  }
}

async function checkCloneToken(github: Administration): Promise<CheckResult> {
  try {
    const { scopes } = await github.identity()
    const isStrong = scopes?.some(
      scope => scope === 'repo' || scope.startsWith('admin:') || scope.startsWith('write:'),
    )
    const hint =
      'The clone token can do more than read, and builds of private repositories receive it. A fine-grained token with only Contents (read) is safer.'
    return { ...NOTHING, hints: isStrong ? [hint] : [] }
  } catch (error) {
    const { errors } = asResult(error)
    return { ...NOTHING, errors: errors.map(text => text.replace('this token', 'the clone token')) }
  }
}

async function checkSlack(slack: Slack): Promise<CheckResult> {
  try {
    return {
      ...NOTHING,
      hints: [`The Slack token belongs to ${await slack.whoAmI()}. Invite it to the channel.`],
    }
  } catch (error) {
    const why = (error as Error).message.replace('the message', 'the token')
    return { ...NOTHING, errors: [`${why}. It needs a bot token (xoxb-…) with the scope chat:write.`] }
  }
}

async function checkApp(keys: AppKeys, apiUrl: string): Promise<CheckResult> {
  if (!isPrivateKey(keys.privateKey))
    return {
      ...NOTHING,
      errors: ["The App's private key is not valid: it must be the PEM file that GitHub generated."],
    }
  try {
    const app = openApp(apiUrl, keys)
    const { slug, permissions, events } = await app.about()
    const needed = Object.entries({ ...STATUS_PERMISSIONS, ...CLONE_PERMISSIONS }).filter(
      ([name, level]) => permissions[name] !== 'write' && permissions[name] !== level,
    )
    const errors = needed.map(
      ([name, level]) =>
        `The App ${slug} lacks the permission ${name}: ${level}. Add it on the App's settings page on GitHub, then accept the change where the App is installed.`,
    )
    const missing = ['push', 'pull_request'].filter(event => !events.includes(event))
    const installed = await app.installations()
    const hints = [
      ...(permissions.deployments === 'write'
        ? []
        : [
            `The App ${slug} lacks the permission deployments: write. Without it, deploys are not reported to GitHub.`,
          ]),
      ...(permissions.checks === 'write'
        ? []
        : [
            `The App ${slug} lacks the permission checks: write. With it, commits get check runs instead of statuses: failed tests at their lines, and buttons that run a build again.`,
          ]),
      ...(missing.length > 0
        ? [
            `The App does not receive the events ${missing.join(' and ')}: subscribe to them on its settings page.`,
          ]
        : []),
      ...(installed.length === 0 ? ['The App is not installed anywhere yet.'] : []),
    ]
    const owners = installed.map(({ account }) => account)
    return {
      who: `The GitHub App is ${slug}, installed for ${owners.join(', ') || 'no account yet'}`,
      owners,
      hints,
      errors,
    }
  } catch (error) {
    if ((error as { status?: number }).status === 401)
      return { ...NOTHING, errors: ['GitHub does not accept the App: the id or the private key is wrong.'] }
    return asResult(error)
  }
}

function isPrivateKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).type === 'private'
  } catch {
    return false
  }
}
