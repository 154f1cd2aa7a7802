import type { Resolved } from '../config/resolve.ts'
import type { Build } from '../model/build.ts'
import type { Mirrors } from './mirrors.ts'
import { type CommitSource, resolveCommit } from './resolve-commit.ts'
import { openSandbox, type Sandbox } from './sandbox.ts'

/** The commit in a clean sandbox, and its configuration. */
export type Checkout = { sandbox: Sandbox; resolved: Resolved }

type CheckoutContext = Parameters<typeof openSandbox>[2] extends infer Kept
  ? {
      sandbox: string
      ownsMachine: boolean
      /** The directories that stay in the sandbox. */
      kept: Kept
      mirrors: Mirrors
      githubUrl: string
      deadline: number
      fetchRetryMs: number
      path: string
      network: Record<string, string>
    }
  : never

/**
 * Fetches the commit of a build into a clean sandbox and resolves its configuration.
 * @param watch `onFetch` is called when git begins to fetch, `onRetry` with a sentence before each further attempt
 */
export async function checkOut(
  build: Build,
  token: string | null,
  context: CheckoutContext,
  watch: Required<Pick<CommitSource, 'signal' | 'onFetch' | 'onRetry'>>,
): Promise<Checkout> {
  const { mirrors, deadline, githubUrl, path, network } = context
  const sandbox = await openSandbox(context.sandbox, context.ownsMachine, context.kept)
  const resolved = await resolveCommit(build, {
    ...{ githubUrl, mirrors, deadline, token, ...watch },
    retryMs: context.fetchRetryMs,
    directory: sandbox.workspace,
    access: { home: sandbox.home, path, network },
  })
  return { sandbox, resolved }
}
