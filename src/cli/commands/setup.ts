import { checkSetupInput, type SetupInput } from '../../account/check-setup-input.ts'
import { writeFirstSettings, writeRunnerSecrets } from '../../account/setup.ts'
import { type AppKeys, openApp } from '../../github/app.ts'
import { appSecret } from '../../github/hook-secrets.ts'
import { UserError } from '../../model/user-error.ts'
import { z } from '../../model/zod.ts'
import { runnerSecretsKey, settingsKeys } from '../../records/keys.ts'
import { homeUrl } from '../../records/links.ts'
import { type Io, printLine } from '../io.ts'
import { type FoundStack, findAccountStack, type StackOptions } from './find-stack.ts'
import { noteUnread } from './note-unread.ts'
import {
  isInteractive,
  promptChoice,
  promptSecret,
  promptText,
  readSecretFile,
  readStandardInput,
} from './prompts.ts'

export type SetupOptions = StackOptions & {
  owners?: string
  tokenFile?: string
  cloneTokenFile?: string
  appId?: number
  appKeyFile?: string
  slackTokenFile?: string
  stdin?: true
  rotateWebhookSecret?: true
  refuseSharedSecret?: true
  rotateLinkKey?: true
}

const stdinSchema = z.strictObject({
  githubToken: z.string().min(1).optional(),
  cloneToken: z.string().min(1).optional(),
  app: z.strictObject({ id: z.int().positive(), privateKey: z.string() }).optional(),
  slackToken: z.string().min(1).optional(),
  owners: z.array(z.string()).optional(),
})

/** `lambci setup`: connects a stack to GitHub. Checks everything before it writes anything. */
export async function setUp(options: SetupOptions, io: Io): Promise<number> {
  using stack = await findAccountStack(options, io)
  const given = await readInput(options, io)
  const input = isInteractive(io) && hasNoInput(options) ? await promptSetupInput(given, io) : given
  const findings = await checkSetupInput(input, stack.githubApiUrl, io.env.LAMBCI_SLACK_API_URL)
  const owners =
    input.owners === null && isInteractive(io) && findings.owners.length > 0
      ? splitOwners(await promptText(io, 'Owners or repositories to build', findings.owners.join(', ')))
      : findings.owners
  const { webhookSecrets, githubApp, acceptsSharedSecret, linkKey } = await writeRunnerSecrets(
    stack.store,
    input,
  )
  await writeFirstSettings(stack.store, owners, stack.notificationsTopic)
  const isApp = githubApp !== null
  const isChanged = input.githubApp !== null || input.rotateWebhookSecret || input.refuseSharedSecret
  const hasWebhook = isChanged && (await setAppWebhook(stack, githubApp, appSecret(webhookSecrets[0] ?? '')))
  const pages = stack.url ? homeUrl(stack.url, linkKey) : null
  printLine(io, describe({ ...findings, owners }, { isApp, hasWebhook, input, acceptsSharedSecret, pages }))
  await noteUnread(stack.store, { repository: null, project: null }, io)
  return 0
}

/** Whether none of the given options is part of the setup. `setup` then prompts, if it can. */
const hasNoInput = ({ stack: _, bucket: _b, data: _d, ...given }: SetupOptions) =>
  Object.values(given).every(each => each === undefined)

async function readInput(options: SetupOptions, io: Io): Promise<SetupInput> {
  const { tokenFile, cloneTokenFile, slackTokenFile, appId, appKeyFile, stdin } = options
  const parsed = stdin ? parseStandardInput(await readStandardInput(io)) : {}
  if ((appId === undefined) !== (appKeyFile === undefined))
    throw new UserError('An App needs both --app-id and --app-key-file.')
  const githubApp =
    appId !== undefined && appKeyFile !== undefined
      ? { id: appId, privateKey: await readSecretFile(appKeyFile) }
      : (parsed.app ?? null)
  return {
    githubApp,
    githubToken: tokenFile ? await readSecretFile(tokenFile) : (parsed.githubToken ?? null),
    cloneToken: cloneTokenFile ? await readSecretFile(cloneTokenFile) : (parsed.cloneToken ?? null),
    slackToken: slackTokenFile ? await readSecretFile(slackTokenFile) : (parsed.slackToken ?? null),
    owners: options.owners === undefined ? (parsed.owners ?? null) : splitOwners(options.owners),
    rotateWebhookSecret: options.rotateWebhookSecret ?? false,
    refuseSharedSecret: options.refuseSharedSecret ?? false,
    rotateLinkKey: options.rotateLinkKey ?? false,
  }
}

function parseStandardInput(text: string): z.infer<typeof stdinSchema> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = null
  }
  const parsed = stdinSchema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new UserError(
    'Standard input must be JSON like {"githubToken": "…", "cloneToken": "…", "owners": ["you"]}, or {"app": {"id": 1, "privateKey": "…"}}.',
  )
}

const splitOwners = (text: string) => text.split(/[\s,]+/).filter(Boolean)

async function promptSetupInput(input: SetupInput, io: Io): Promise<SetupInput> {
  const kind = await promptChoice(io, 'How should this stack authenticate to GitHub?', {
    token: 'With personal access tokens',
    app: 'As a GitHub App',
    same: 'No change',
  })
  if (kind === 'same') return input
  if (kind === 'app') {
    const id = Number(await promptText(io, 'App ID, shown on the settings page of the App', ''))
    const file = await promptText(io, 'File with the private key of the App (.pem)', '')
    if (!Number.isInteger(id) || id < 1) throw new UserError('The App ID must be a whole number above 0.')
    return { ...input, githubApp: { id, privateKey: await readSecretFile(file) } }
  }
  const githubToken = await promptSecret(io, 'Token that may set commit statuses')
  if (githubToken === '') throw new UserError('A token or an App is required to set commit statuses.')
  const cloneToken = await promptSecret(io, 'Read-only token for private repositories (leave empty for none)')
  return { ...input, githubToken, cloneToken: cloneToken || null }
}

/** Points the webhook of the App to this stack: GitHub delivers the events of all its repositories there. */
async function setAppWebhook(stack: FoundStack, keys: AppKeys | null, secret: string): Promise<boolean> {
  if (!stack.url || !keys) return false
  await openApp(stack.githubApiUrl, keys).setWebhook({ url: `${stack.url}/webhook`, secret })
  return true
}

const SHARED_SECRET =
  'webhooks from before each repository had a secret of its own still count. "lambci hook list" shows them, "lambci hook add OWNER/REPO" gives one its own secret, and "lambci setup --refuse-shared-secret" ends it.'

type Changes = {
  isApp: boolean
  hasWebhook: boolean
  input: SetupInput
  acceptsSharedSecret: boolean
  /** The address of the page of all repositories. */
  pages: string | null
}

function describe(
  findings: { who: string; owners: readonly string[]; hints: readonly string[] },
  changes: Changes,
) {
  const { who, owners, hints } = findings
  const next = changes.hasWebhook
    ? "The App's webhook now points to this stack. Push a commit to start a build."
    : changes.isApp
      ? "The App's webhook was not changed."
      : `Next: run "lambci hook add OWNER/REPO" for each repository${changes.input.rotateWebhookSecret ? ', which gives its webhook the new secret' : ''}.`
  return [
    ...(who ? [`${who}.`] : []),
    ...hints.map(hint => `Note: ${hint}`),
    ...(changes.acceptsSharedSecret ? [`Note: ${SHARED_SECRET}`] : []),
    `Written: ${runnerSecretsKey}, ${settingsKeys('')[0]}.`,
    ...(owners.length > 0 ? [`Builds for: ${owners.join(', ')}.`] : []),
    ...(changes.pages
      ? [`Pages: ${changes.pages} (shows private repositories, too: keep it to yourself)`]
      : []),
    next,
  ].join('\n')
}
