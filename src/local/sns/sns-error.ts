/** An answer of SNS's own, by its code in the API: the SDK turns it into the error of that name. */
export class SnsError extends Error {
  override readonly name = 'SnsError'
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

export const invalidParameter = (message: string) =>
  new SnsError(400, 'InvalidParameter', `Invalid parameter: ${message}`)

export const notFound = (what: string) => new SnsError(404, 'NotFound', `${what} does not exist`)

export const notImplemented = (what: string) =>
  new SnsError(501, 'InvalidAction', `${what} is not there in this loopback SNS`)
