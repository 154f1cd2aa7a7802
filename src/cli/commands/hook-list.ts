import { readRunnerSecrets } from '../../account/secrets.ts'
import { listNamed } from '../../records/repository-records.ts'
import { type Io, printLine, styleFor } from '../io.ts'
import { tableOf } from '../table.ts'
import { findStack, type StackOptions } from './find-stack.ts'

/** `lambci hook list`: lists the repositories that have been built, and shows whose webhook still has the one secret of the stack. */
export async function listHooks(options: StackOptions & { json?: boolean }, io: Io): Promise<number> {
  using stack = await findStack(options, io)
  const { acceptsSharedSecret } = await readRunnerSecrets(stack.store)
  const repositories = (await listNamed(stack.store)).map(({ repository, named }) => ({
    repository,
    hasSharedSecret: named.hasSharedSecret === true,
  }))
  if (options.json) {
    printLine(io, JSON.stringify(repositories))
    return 0
  }
  const rows = repositories.map(({ repository, hasSharedSecret }) => [
    repository,
    hasSharedSecret ? `the stack's: run "lambci hook add ${repository}"` : 'its own',
  ])
  if (rows.length > 0) printLine(io, tableOf(['REPOSITORY', 'SECRET'], rows, styleFor(io)))
  printLine(
    io,
    acceptsSharedSecret
      ? 'Webhooks with the one secret of the stack still count. To end that: lambci setup --refuse-shared-secret'
      : 'Webhooks with the one secret of the stack are refused.',
  )
  return 0
}
