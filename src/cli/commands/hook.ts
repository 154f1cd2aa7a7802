import { projectOnRecord } from '../../account/find-project.ts'
import { addHook, removeHook } from '../../account/hooks.ts'
import { type RunnerSecrets, readRunnerSecrets } from '../../account/secrets.ts'
import { readAccount } from '../../account/settings.ts'
import { openAdministration } from '../../github/administration.ts'
import { openApp } from '../../github/app.ts'
import { appSecret } from '../../github/hook-secrets.ts'
import { UserError } from '../../model/user-error.ts'
import { type Io, printLine } from '../io.ts'
import type { FoundStack, StackOptions } from './find-stack.ts'
import { noteUnread } from './note-unread.ts'
import { openRepository } from './open-target.ts'
import { readSecretFile } from './prompts.ts'

export type HookOptions = StackOptions & { tokenFile?: string }

/** `lambci hook add`: makes GitHub deliver the events of a repository to this stack. */
export async function addRepositoryHook(
  target: string | undefined,
  options: HookOptions,
  io: Io,
): Promise<number> {
  using opened = await openRepository(target, options, io)
  const { repository, stack } = opened
  const [url, secrets] = [webhookUrlOf(stack), await readRunnerSecrets(stack.store)]
  const [webhookSecret = ''] = secrets.webhookSecrets
  if (secrets.githubApp && !options.tokenFile) {
    const secret = appSecret(webhookSecret)
    await openApp(stack.githubApiUrl, secrets.githubApp).setWebhook({ url, secret })
    printLine(
      io,
      `No webhook is needed for ${repository}: the App's own webhook, ${url}, covers every repository where the App is installed.`,
    )
  } else {
    const github = openAdministration(stack.githubApiUrl, await tokenOf(secrets, options))
    const { hook, isNew } = await addHook(github, repository, { url, webhookSecret })
    printLine(
      io,
      `${isNew ? 'Added' : 'Updated'}: webhook ${hook.id} of ${repository}, for ${hook.events.join(', ')}, to ${url}.`,
    )
  }
  const project = await projectOnRecord(stack.store, repository)
  if (!(await readAccount(stack.store, project)).allows(repository)) {
    printLine(
      io,
      `Note: ${repository} is not allowed yet. See "lambci config get allow", and add it with "lambci config set allow '[…, "${repository}"]'".`,
    )
  }
  await noteUnread(stack.store, { repository, project }, io)
  return 0
}

/** `lambci hook remove`: removes this stack's webhook from a repository. */
export async function removeRepositoryHook(target: string, options: HookOptions, io: Io): Promise<number> {
  using opened = await openRepository(target, options, io)
  const { repository, stack } = opened
  const [url, secrets] = [webhookUrlOf(stack), await readRunnerSecrets(stack.store)]
  if (secrets.githubApp && !options.tokenFile) {
    throw new UserError(
      `With an App there is no webhook to remove. Remove ${repository} from the App's installation on GitHub.`,
    )
  }
  const github = openAdministration(stack.githubApiUrl, await tokenOf(secrets, options))
  const isRemoved = await removeHook(github, repository, url)
  printLine(
    io,
    isRemoved ? `Removed the webhook of ${repository}.` : `${repository} has no webhook for this stack.`,
  )
  return 0
}

function webhookUrlOf({ url }: FoundStack): string {
  if (url) return `${url}/webhook`
  throw new UserError('The webhook URL is unknown if only a bucket is given. Name the stack with --stack.')
}

export async function tokenOf({ githubToken }: RunnerSecrets, { tokenFile }: HookOptions): Promise<string> {
  const token = tokenFile ? await readSecretFile(tokenFile) : githubToken
  if (token) return token
  throw new UserError('There is no GitHub token. Give one with --token-file, or run "lambci setup".')
}
