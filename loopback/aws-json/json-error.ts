import { AuthError } from '../iam/guard.ts'

/** A refusal of a service that responds with JSON. The SDK names its error after `type`. */
export class JsonError extends Error {
  override readonly name = 'JsonError'
  readonly status: number
  readonly type: string

  constructor(status: number, type: string, message: string) {
    super(message)
    this.status = status
    this.type = type
  }
}

/** The response to an error. */
export function refusalOf(error: unknown): { status: number; type: string; message: string } {
  if (error instanceof JsonError) return error
  if (error instanceof AuthError)
    return { status: error.status, type: error.jsonCode, message: error.message }
  return new JsonError(500, 'InternalServerException', String(error))
}
