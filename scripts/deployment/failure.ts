/** Something in AWS went wrong on the way: what it was, and what to do next. Ends the deploy with exit code 1. */
export class DeployFailure extends Error {
  override readonly name = 'DeployFailure'
}

const POLL_MS = Number(process.env.LAMBCI_POLL_MS ?? 3000)

/** Between two looks at something that takes its time. */
export const pause = () => new Promise(resolve => setTimeout(resolve, POLL_MS))
