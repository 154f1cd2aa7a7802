/** Writes the web package and what it imports to packages/web/dist, as JavaScript for browsers. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { basename, join } from 'node:path'
import { packages } from './packages.ts'

const DIST = 'packages/web/dist'

rmSync(DIST, { recursive: true, force: true })
mkdirSync(DIST, { recursive: true })
const files = packages.flatMap(({ sources }) => sources)
for (const path of files) {
  const script = stripTypeScriptTypes(readFileSync(path, 'utf8'))
  writeFileSync(join(DIST, `${basename(path, '.ts')}.js`), script.replace(/(from ')@shop\/([^']+)'/g, fileOf))
}
console.log(`${DIST}: ${files.length} files`)

/** Browsers import files. */
function fileOf(_: string, from: string, folder: string): string {
  const [source = ''] = packages.find(each => each.folder === folder)?.sources ?? []
  return `${from}./${basename(source, '.ts')}.js'`
}
