import { QueryError } from '../aws-query/query-error.ts'

export const invalidParameter = (message: string) =>
  new QueryError(400, 'InvalidParameter', `Invalid parameter: ${message}`)

export const notFound = (what: string) => new QueryError(404, 'NotFound', `${what} does not exist`)
