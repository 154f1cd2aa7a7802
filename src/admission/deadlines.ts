/** How long a job's message may wait for a free function, in seconds. Lambda drops it then; its grants are still valid. */
export const LONGEST_WAIT_SECONDS = 2400

/** Lambda's limit for one invocation. */
export const LONGEST_RUN_SECONDS = 900

/** The latest moment at which a job published now can still run. */
export const latestEndAfter = (now: Date) =>
  new Date(now.getTime() + (LONGEST_WAIT_SECONDS + LONGEST_RUN_SECONDS) * 1000)

/** How long a build waits for approval, in days. */
export const LONGEST_APPROVAL_DAYS = 30

/** The moment until which a build waits for approval. */
export const approvalEndOf = ({ queuedAt }: { queuedAt: string }) =>
  new Date(Date.parse(queuedAt) + LONGEST_APPROVAL_DAYS * 24 * 60 * 60_000)

/** The switch fires a minute after the latest end, so that a job that ends at the last second reports that itself. */
export const switchTimeOf = (latestEnd: string) => new Date(new Date(latestEnd).getTime() + 60_000)

/** The latest moment at which a job that was claimed then can still run. */
export const latestEndOfClaimed = (claimedAt: Date) =>
  new Date(claimedAt.getTime() + LONGEST_RUN_SECONDS * 1000)

/** How long the credentials of a job are valid, from its publication on: as long as STS allows. */
export const CREDENTIALS_SECONDS = 3600

/** They are issued some seconds after the latest end was set, and a write that begins before they expire may end later. */
const LAST_WRITES_SECONDS = 300

/** The moment after which the credentials of a job with this latest end write nothing. */
export const credentialsEndAfter = (latestEnd: string) => {
  const issuedAt = new Date(latestEnd).getTime() - (LONGEST_WAIT_SECONDS + LONGEST_RUN_SECONDS) * 1000
  return new Date(issuedAt + (CREDENTIALS_SECONDS + LAST_WRITES_SECONDS) * 1000)
}
