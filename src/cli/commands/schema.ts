import { configJsonSchema } from '../../config/json-schema.ts'
import { type Io, printText } from '../io.ts'

/** `lambci schema`: prints the JSON Schema of `.lambci.json`. Returns the exit code. */
export function printSchema(io: Io): number {
  printText(io, configJsonSchema())
  return 0
}
