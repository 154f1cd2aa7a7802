/** An error response. `code` is the API's error code, from which the SDK derives the name of its error. */
export class QueryError extends Error {
  override readonly name = 'QueryError'
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

export const notImplemented = (what: string) =>
  new QueryError(501, 'InvalidAction', `${what} is not implemented by this loopback service`)
