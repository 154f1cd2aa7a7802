/** An answer that is an error, by its code in the API: the SDK turns it into the error of that name. */
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
  new QueryError(501, 'InvalidAction', `${what} is not there in this loopback service`)
