import * as z from 'zod'
import { checkWishes, type Wishes } from '../../account/check-wishes.ts'
import { writeFirstSettings, writeRunnerSecrets } from '../../account/setup.ts'
import { runnerSecretsKey, settingsKeys } from '../../build/layout.ts'
import { type AppKeys, openApp } from '../../github/app.ts'
import { Problem } from '../../problem.ts'
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
  const wishes = isInteractive() && isSilent(options) ? await askWishes(given) : given
  const findings = await checkWishes(wishes, stack.githubApiUrl, process.env.LAMBCI_SLACK_API_URL)
  const owners =
    wishes.owners === null && isInteractive() && findings.owners.length > 0
      ? splitOwners(await askText('Build for which owners or repositories', findings.owners.join(', ')))
      : findings.owners
  const { webhookSecret, isApp } = await writeRunnerSecrets(stack.store, wishes)
  await writeFirstSettings(stack.store, owners, stack.noticesTopic)
  const hasWebhook = isApp && (await setAppWebhook(stack, wishes.githubApp, webhookSecret))
  console.log(describe({ ...findings, owners }, { isApp, hasWebhook }))
  return 0
}

/** Nobody has said anything: then there is a conversation. */
const isSilent = ({ stack: _, bucket: _b, data: _d, ...said }: SetupOptions) =>
  Object.values(said).every(each => each === undefined)

async function readWishes(options: SetupOptions): Promise<Wishes> {
  const { tokenFile, cloneTokenFile, slackTokenFile, appId, appKeyFile, stdin } = options
  const said = stdin ? readInput(await readStandardInput()) : {}
  if ((appId === undefined) !== (appKeyFile === undefined))
    throw new Problem('An App takes both: --app-id and --app-key-file.')
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
  throw new Problem(
    'Standard input must be JSON like {"githubToken": "…", "cloneToken": "…", "owners": ["you"]}, or {"app": {"id": 1, "privateKey": "…"}}.',
  )
}

const splitOwners = (text: string) => text.split(/[\s,]+/).filter(Boolean)

async function askWishes(wishes: Wishes): Promise<Wishes> {
  const kind = await askChoice('How does this stack speak to GitHub?', {
    token: 'With a token of yours',
    app: 'As a GitHub App',
    same: 'As it does now',
  })
  if (kind === 'same') return wishes
  if (kind === 'app') {
    const id = Number(await askText('Number of the App, on its page on GitHub', ''))
    const file = await askText('File with its private key (.pem)', '')
    if (!Number.isInteger(id) || id < 1) throw new Problem("The App's number is a whole number.")
    return { ...wishes, githubApp: { id, privateKey: await readSecretFile(file) } }
  }
  const githubToken = await askSecret('Token that sets commit statuses')
  if (githubToken === '') throw new Problem('Without a token or an App no status can be set.')
  const cloneToken = await askSecret('Token that can only read, for private repositories (empty: none)')
  return { ...wishes, githubToken, cloneToken: cloneToken || null }
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
