import * as z from 'zod'
import { checkSetupInput, type SetupInput } from '../../account/check-setup-input.ts'
import { writeFirstSettings, writeRunnerSecrets } from '../../account/setup.ts'
import { type AppKeys, openApp } from '../../github/app.ts'
import { UserError } from '../../model/user-error.ts'
import { runnerSecretsKey, settingsKeys } from '../../records/keys.ts'
import { askChoice, askSecret, askText, isInteractive, readSecretFile, readStandardInput } from './answers.ts'
import { type FoundStack, findStack, type StackOptions } from './find-stack.ts'

export type SetupOptions = StackOptions & {
  owners?: string
  tokenFile?: string
  cloneTokenFile?: string
  appId?: number
  appKeyFile?: string
  slackTokenFile?: string
  stdin?: true
  rotateWebhookSecret?: true
  rotateLinkKey?: true
}

const stdinSchema = z.strictObject({
  githubToken: z.string().min(1).optional(),
  cloneToken: z.string().min(1).optional(),
  app: z.strictObject({ id: z.int().positive(), privateKey: z.string() }).optional(),
  slackToken: z.string().min(1).optional(),
  owners: z.array(z.string()).optional(),
})

/** `lambci setup`: connects a stack with GitHub. Nothing is written before everything has been checked. */
export async function setUp(options: SetupOptions): Promise<number> {
  const stack = await findStack(options)
  const given = await readWishes(options)
  const input = isInteractive() && isSilent(options) ? await askSetupInput(given) : given
  const findings = await checkSetupInput(input, stack.githubApiUrl, process.env.LAMBCI_SLACK_API_URL)
  const owners =
    input.owners === null && isInteractive() && findings.owners.length > 0
      ? splitOwners(await askText('Build for which owners or repositories', findings.owners.join(', ')))
      : findings.owners
  const { webhookSecret, isApp } = await writeRunnerSecrets(stack.store, input)
  await writeFirstSettings(stack.store, owners, stack.notificationsTopic)
  const hasWebhook = isApp && (await setAppWebhook(stack, input.githubApp, webhookSecret))
  console.log(describe({ ...findings, owners }, { isApp, hasWebhook }))
  return 0
}

/** Nobody has said anything: then there is a conversation. */
const isSilent = ({ stack: _, bucket: _b, data: _d, ...said }: SetupOptions) =>
  Object.values(said).every(each => each === undefined)

async function readWishes(options: SetupOptions): Promise<SetupInput> {
  const { tokenFile, cloneTokenFile, slackTokenFile, appId, appKeyFile, stdin } = options
  const said = stdin ? readInput(await readStandardInput()) : {}
  if ((appId === undefined) !== (appKeyFile === undefined))
    throw new UserError('An App takes both: --app-id and --app-key-file.')
  const githubApp =
    appId !== undefined && appKeyFile !== undefined
      ? { id: appId, privateKey: await readSecretFile(appKeyFile) }
      : (said.app ?? null)
  return {
    githubApp,
    githubToken: tokenFile ? await readSecretFile(tokenFile) : (said.githubToken ?? null),
    cloneToken: cloneTokenFile ? await readSecretFile(cloneTokenFile) : (said.cloneToken ?? null),
    slackToken: slackTokenFile ? await readSecretFile(slackTokenFile) : (said.slackToken ?? null),
    owners: options.owners === undefined ? (said.owners ?? null) : splitOwners(options.owners),
    rotateWebhookSecret: options.rotateWebhookSecret ?? false,
    rotateLinkKey: options.rotateLinkKey ?? false,
  }
}

function readInput(text: string): z.infer<typeof stdinSchema> {
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

async function askSetupInput(input: SetupInput): Promise<SetupInput> {
  const kind = await askChoice('How does this stack speak to GitHub?', {
    token: 'With a token of yours',
    app: 'As a GitHub App',
    same: 'As it does now',
  })
  if (kind === 'same') return input
  if (kind === 'app') {
    const id = Number(await askText('Number of the App, on its page on GitHub', ''))
    const file = await askText('File with its private key (.pem)', '')
    if (!Number.isInteger(id) || id < 1) throw new UserError("The App's number is a whole number.")
    return { ...input, githubApp: { id, privateKey: await readSecretFile(file) } }
  }
  const githubToken = await askSecret('Token that sets commit statuses')
  if (githubToken === '') throw new UserError('Without a token or an App no status can be set.')
  const cloneToken = await askSecret('Token that can only read, for private repositories (empty: none)')
  return { ...input, githubToken, cloneToken: cloneToken || null }
}

/** With an App, GitHub sends the events of all its repositories to one address, which can be set from here. */
async function setAppWebhook(stack: FoundStack, keys: AppKeys | null, secret: string): Promise<boolean> {
  if (!stack.url || !keys) return false
  await openApp(stack.githubApiUrl, keys).setWebhook({ url: `${stack.url}/webhook`, secret })
  return true
}

type Done = { isApp: boolean; hasWebhook: boolean }

function describe(
  findings: { who: string; owners: readonly string[]; hints: readonly string[] },
  done: Done,
) {
  const { who, owners, hints } = findings
  const next = done.hasWebhook
    ? "The App's webhook points here now: push something."
    : done.isApp
      ? "The App's webhook was left as it is."
      : 'Next: lambci hook add OWNER/REPO    for each repository'
  return [
    ...(who ? [`${who}.`] : []),
    ...hints.map(hint => `Note: ${hint}`),
    `Written: ${runnerSecretsKey}, ${settingsKeys('')[0]}.`,
    ...(owners.length > 0 ? [`Builds for: ${owners.join(', ')}.`] : []),
    next,
  ].join('\n')
}
