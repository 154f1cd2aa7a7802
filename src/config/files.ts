import { pick } from './json.ts'
import { quote } from './key-path.ts'
import { type Layer, readLambciJson, readPackageJson } from './layer.ts'

/** The contents of a commit's configuration files. Null: there is no such file. */
export type Files = { lambciJson: string | null; packageJson: string | null; hasLambciJs: boolean }

export const NO_FILES: Files = { lambciJson: null, packageJson: null, hasLambciJs: false }

/** The top-level keys that files may set: all, none, or the listed ones. */
export type AllowedKeys = boolean | readonly string[]

/**
 * The layers of a commit's files, lowest first, without the keys that are not allowed. Files that may set nothing
 * are not read. `suffix` follows the file name in messages, to tell the files of two commits apart.
 * @throws UserError if a file is invalid
 */
export function readFiles(files: Files, allowed: AllowedKeys, suffix = ''): Layer[] {
  if (allowsNothing(allowed)) return []
  const layers = [
    readPackageJson(files.packageJson, `package.json${suffix}`),
    readLambciJson(files.lambciJson, `.lambci.json${suffix}`),
  ]
  return layers.filter(layer => layer !== null).map(layer => limitTo(allowed, layer))
}

/** Notes about files that exist but are not read. */
export function describeIgnoredFiles(files: Files, allowed: AllowedKeys): string[] {
  const isIgnored = allowsNothing(allowed) && files.lambciJson !== null
  return [
    ...(files.hasLambciJs
      ? ['.lambci.js is ignored, because configuration is data. Move its settings to .lambci.json.']
      : []),
    ...(isIgnored
      ? ['.lambci.json is ignored: "allowConfigOverrides" does not let files set anything here.']
      : []),
  ]
}

/** The keys that both allow. */
export function intersectKeys(one: AllowedKeys, other: AllowedKeys): AllowedKeys {
  if (one === true) return other
  if (other === true || one === false) return one
  return other === false ? false : one.filter(key => other.includes(key))
}

const allowsNothing = (allowed: AllowedKeys) =>
  allowed !== true && (allowed === false || allowed.length === 0)

function limitTo(allowed: AllowedKeys, { name, values, notes }: Layer): Layer {
  if (typeof allowed === 'boolean') return { name, values, notes }
  const ignored = Object.keys(values).filter(key => !allowed.includes(key))
  const verb = ignored.length === 1 ? 'is' : 'are'
  const note = `${name}: ${quoteAll(ignored)} ${verb} ignored: files may only set ${quoteAll(allowed)} here.`
  return { name, values: pick(values, allowed), notes: ignored.length === 0 ? notes : [...notes, note] }
}

const quoteAll = (keys: readonly string[]) => keys.map(key => quote(key)).join(', ')
