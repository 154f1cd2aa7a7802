import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

export type Package = {
  folder: string
  name: string
  dependencies: readonly string[]
  sources: readonly string[]
}

/** The packages of the workspace. */
export const packages: readonly Package[] = globSync('packages/*/package.json')
  .toSorted()
  .map(path => {
    const { name, dependencies = {} } = JSON.parse(readFileSync(path, 'utf8'))
    const folder = basename(dirname(path))
    const sources = globSync(join(dirname(path), 'src', '**', '*.ts'))
    return { folder, name, dependencies: Object.keys(dependencies), sources }
  })
