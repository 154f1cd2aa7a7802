import { parseJson } from '../config/json.ts'
import { UserError } from '../model/user-error.ts'
import type { z } from '../model/zod.ts'

/** Parses a file written by the local system. @throws UserError if it was changed and no longer fits `schema` */
export function readJsonFile<T>(file: string, text: string, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(parseJson(file, text))
  if (parsed.success) return parsed.data
  const fields = parsed.error.issues.map(({ path }) => path.join('.'))
  throw new UserError(
    `${file} is invalid (${fields.join(', ')}). Restore it, or use another directory with --data.`,
  )
}
