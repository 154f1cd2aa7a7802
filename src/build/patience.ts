/**
 * How long a service of AWS may take, in milliseconds: the SDK itself would wait for ever. What takes longer is asked
 * again, as after any other fault.
 */
export const patience = {
  requestHandler: {
    connectionTimeout: 3000,
    requestTimeout: 15_000,
    socketTimeout: 15_000,
    throwOnRequestTimeout: true,
  },
}
