/** How long an order may wait for a free build function: Lambda drops it then, while its credentials still live. */
export const LONGEST_WAIT_SECONDS = 2400

/** Lambda's own limit for one invocation. */
export const LONGEST_RUN_SECONDS = 900

/** The latest moment at which a job admitted now can still be running. */
export const latestEndAfter = (now: Date) =>
  new Date(now.getTime() + (LONGEST_WAIT_SECONDS + LONGEST_RUN_SECONDS) * 1000)

/** The switch fires a minute later, so that an end in the last second is still told by itself. */
export const switchTimeOf = (latestEnd: string) => new Date(new Date(latestEnd).getTime() + 60_000)
