/** Options shared by the clients of all AWS services. */
export const clientDefaults = {
  /**
   * The time limit for a service's answer, in milliseconds, because the SDK waits forever by default. A request that exceeds it is
   * repeated, as after any other failure.
   */
  requestHandler: {
    connectionTimeout: 3000,
    requestTimeout: 15_000,
    socketTimeout: 15_000,
    throwOnRequestTimeout: true,
  },
  /** Setting it up for each request takes about half a millisecond. */
  cacheMiddleware: true,
}
