import type * as z from 'zod'
import { parseJson } from '../config/json.ts'
import { UserError } from '../model/user-error.ts'

/** Reads a file that the local system has written; somebody may have changed it since. */
export function readJsonFile<T>(file: string, text: string, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(parseJson(file, text))
  if (parsed.success) return parsed.data
  const fields = parsed.error.issues.map(({ path }) => path.join('.'))
  throw new UserError(
    `${file} is not what the local system wrote (${fields.join(', ')}). Restore it, or begin with another --data.`,
  )
}
