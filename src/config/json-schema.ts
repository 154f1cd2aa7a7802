import * as z from 'zod'
import { layerSchema } from './schema.ts'

/** The text of `lambci.schema.json`, by which editors complete and check `.lambci.json`. */
export function configJsonSchema(): string {
  const { $schema, ...schema } = z.toJSONSchema(layerSchema, { io: 'input', target: 'draft-07' })
  const titled = {
    $schema,
    title: 'Configuration of lambci-next',
    description: 'The file .lambci.json, or the key "lambci" of package.json. Every key is optional.',
    ...schema,
  }
  return `${JSON.stringify(titled, null, 2)}\n`
}
