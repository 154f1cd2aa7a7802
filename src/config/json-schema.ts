import { z } from '../model/zod.ts'
import { layerSchema } from './schema.ts'

/** Names the schema, whatever file or address it is read from. */
const ID = 'urn:lambci-next:lambci.schema.json'

/** The contents of `lambci.schema.json`, which lets editors complete and validate `.lambci.json`. */
export function configJsonSchema(): string {
  const { $schema, ...schema } = z.toJSONSchema(layerSchema, { io: 'input', target: 'draft-07' })
  const titled = {
    $schema,
    $id: ID,
    title: 'Configuration of lambci-next',
    description: 'The file .lambci.json, or the key "lambci" in package.json. Every key is optional.',
    ...schema,
  }
  return `${JSON.stringify(titled, null, 2)}\n`
}
