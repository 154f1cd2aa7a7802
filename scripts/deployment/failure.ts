/** A deploy that failed in AWS. The message says what happened and what to do next. The exit code is then 1. */
export class DeployFailure extends Error {
  override readonly name = 'DeployFailure'
}

const POLL_MS = Number(process.env.LAMBCI_POLL_MS ?? 3000)

/** Waits for the polling interval. */
export const pause = () => new Promise(resolve => setTimeout(resolve, POLL_MS))
