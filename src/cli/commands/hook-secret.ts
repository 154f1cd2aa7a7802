import { readRunnerSecrets } from '../../account/secrets.ts'
import { openAdministration } from '../../github/administration.ts'
import { organizationSecret, repositorySecret } from '../../github/hook-secrets.ts'
import { openRepositoryLookup } from '../../github/repository-lookup.ts'
import { openTokens } from '../../github/tokens.ts'
import { UserError } from '../../model/user-error.ts'
import { type Io, printLine } from '../io.ts'
import { type FoundStack, findStack } from './find-stack.ts'
import type { HookOptions } from './hook.ts'
import { readSecretFile } from './prompts.ts'
import { parseRepository } from './targets.ts'

const OWNER = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,38}$/

/**
 * `lambci hook secret OWNER/REPO`, or `OWNER` for an organization: prints the secret of its webhook, and nothing else, for people who
 * make webhooks on GitHub by hand.
 */
export async function printHookSecret(target: string, options: HookOptions, io: Io): Promise<number> {
  using stack = await findStack(options, io)
  const [webhookSecret = ''] = (await readRunnerSecrets(stack.store)).webhookSecrets
  if (OWNER.test(target)) {
    printLine(io, organizationSecret(webhookSecret, target))
    return 0
  }
  const repository = parseRepository(target)
  const found = await findRepository(stack, repository, options)
  if (!found)
    throw new UserError(
      `GitHub does not show ${repository} to this stack. Check the spelling, or give a token that may see it with --token-file.`,
    )
  printLine(io, repositorySecret(webhookSecret, found.id))
  return 0
}

async function findRepository(
  { store, githubApiUrl }: FoundStack,
  repository: string,
  { tokenFile }: HookOptions,
): Promise<{ id: number } | null> {
  if (tokenFile)
    return openAdministration(githubApiUrl, await readSecretFile(tokenFile)).repository(repository)
  const tokens = openTokens(githubApiUrl, () => readRunnerSecrets(store))
  return openRepositoryLookup(githubApiUrl, tokens).byName(repository)
}
