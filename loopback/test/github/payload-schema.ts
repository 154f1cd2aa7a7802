import { createRequire } from 'node:module'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'

const { definitions } = createRequire(import.meta.url)('@octokit/webhooks-schemas/schema.json')
// ajv-formats is CommonJS. TypeScript mistakes its only export for a namespace.
const ajv = (addFormats as unknown as (ajv: Ajv) => Ajv)(
  new Ajv({ strict: false, inlineRefs: false, validateSchema: false }),
)
// The schema of any event is left out: ajv would compile those of all events.
ajv.addSchema({ $id: 'github', definitions })

/** The violations of GitHub's schema for `event`, for example `pull_request$opened`. */
export function payloadErrors(event: string, payload: unknown): string[] {
  const validate = ajv.getSchema(`github#/definitions/${event}`)
  if (!validate) throw new Error(`There is no schema for ${event}`)
  validate(payload)
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  )
}
