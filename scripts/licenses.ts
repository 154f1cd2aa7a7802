import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from '../src/model/zod.ts'

const manifestSchema = z.object({ name: z.string(), version: z.string(), license: z.string() })

/** The directory of the npm package that a module is in; null for our own modules and those of the bundler. */
const packageOf = (module: string): string | null =>
  /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(module)?.[0] ?? null

/** The name, version and licence of an npm package, and its licence texts. */
function readPackage(directory: string): { title: string; text: string } {
  const manifest = manifestSchema.parse(JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')))
  const files = globSync('{licen[sc]e,LICEN[SC]E,Licen[sc]e,COPYING,NOTICE}{,.*,-*}', { cwd: directory })
  const texts = files.toSorted().map(name => readFileSync(join(directory, name), 'utf8').trim())
  return { title: `${manifest.name} ${manifest.version} (${manifest.license})`, text: texts.join('\n\n') }
}

/** The licences of the npm packages of bundled modules, as one text. Packages with the same licence text are listed above it. */
export function licensesOf(modules: Iterable<string>): string {
  const directories = new Set([...modules].flatMap(module => packageOf(module) ?? []))
  const packages = [...directories].map(readPackage).toSorted((a, b) => (a.title < b.title ? -1 : 1))
  const sections = [...Map.groupBy(packages, ({ text }) => text)].map(([text, same]) =>
    ['='.repeat(80), ...same.map(({ title }) => title), '', text].join('\n'),
  )
  return `The files in dist/ contain code of these npm packages.\n\n${sections.join('\n\n')}\n`
}
