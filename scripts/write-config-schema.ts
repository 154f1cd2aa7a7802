import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { configJsonSchema } from '../src/config/json-schema.ts'

// Writes lambci.schema.json from the schema of the configuration; with --check it only checks that it is up to date.

const file = new URL('../lambci.schema.json', import.meta.url)
const schema = configJsonSchema()

if (!process.argv.includes('--check')) {
  writeFileSync(file, schema)
} else if (!existsSync(file) || readFileSync(file, 'utf8') !== schema) {
  console.error('lambci.schema.json is stale: run "npm run schema" and commit it.')
  process.exitCode = 1
}
