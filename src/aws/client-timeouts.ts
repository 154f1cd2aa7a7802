/**
 * How long a service of AWS may take to answer, in milliseconds: by default the SDK waits for ever. A request that takes
 * longer is repeated, as after any other failure.
 */
export const clientTimeouts = {
  requestHandler: {
    connectionTimeout: 3000,
    requestTimeout: 15_000,
    socketTimeout: 15_000,
    throwOnRequestTimeout: true,
  },
}
