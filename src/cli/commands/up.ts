import type { OptionValues } from 'commander'
import { awsCli } from '../../../scripts/deployment/aws.ts'
import { makeBundles } from '../../../scripts/deployment/bundles.ts'
import { DeployFailure } from '../../../scripts/deployment/failure.ts'
import { deployOrRemove } from '../../../scripts/deployment/run.ts'
import { type Io, printNote, printText } from '../io.ts'

/** The pause between two polls of a stack, a change set or the build of the image. */
const POLL_MS = 3000

/** `lambci up`: brings the stack into the AWS account, or up to date. Returns the exit code: 1 if that failed in AWS. */
export async function deployStack(options: OptionValues, io: Io): Promise<number> {
  const { env, stdin } = io
  try {
    await deployOrRemove(options, {
      stdin,
      stdout: { write: text => printText(io, text) },
      stderr: { write: text => printNote(io, text) },
      env,
      execAws: awsCli(env),
      makeBundles,
      pollMs: Number(env.LAMBCI_POLL_MS ?? POLL_MS),
    })
    return 0
  } catch (error) {
    if (!(error instanceof DeployFailure)) throw error
    printNote(io, `lambci: ${error.message}`.split('\n'))
    return 1
  }
}

/** `lambci down`: removes the stack from the AWS account. Returns the exit code: 1 if that failed in AWS. */
export const removeStack = (options: OptionValues, io: Io): Promise<number> =>
  deployStack({ ...options, delete: true }, io)
