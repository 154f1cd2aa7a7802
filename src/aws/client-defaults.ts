/** Options that the clients of all services of AWS have in common. */
export const clientDefaults = {
  /**
   * How long a service may take to answer, in milliseconds: by default the SDK waits for ever. A request that takes longer is
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
