import { escapeControls } from '../model/escape-controls.ts'
import { UserError } from '../model/user-error.ts'
import { describeSimilarName, noteSimilarName } from './file-names.ts'
import { pick } from './json.ts'
import { quote } from './key-path.ts'
import { type Layer, readLambciJson, readPackageJson } from './layer.ts'
import { hasTopLevelKey } from './top-level-key.ts'

/** A file that exists but cannot be read. `reason` follows its name: `is a symbolic link`. */
export type Unreadable = { reason: string; advice: string }
/** Null: there is no such file. */
export type FileContent = string | Unreadable | null

/** A commit's configuration files. */
export type Files = {
  lambciJson: FileContent
  packageJson: FileContent
  /** Names at the top level that were probably meant as `.lambci.json` (`isSimilarName`). */
  similarNames: readonly string[]
}

export const NO_FILES: Files = { lambciJson: null, packageJson: null, similarNames: [] }

/** The top-level keys that files may set: all, none, or the listed ones. */
export type AllowedKeys = boolean | readonly string[]

export type FileLayers = {
  /** The layers, lowest first, without the keys that are not allowed. */
  layers: readonly Layer[]
  /** The same layers with all keys. */
  complete: readonly Layer[]
  /** Why `package.json` was not read, as a sentence. It counts only if nothing else sets a command. */
  packageError: string | null
}

/**
 * The layers of a commit's files. Files that cannot set anything are not read. `suffix` follows the file name in messages, to tell the
 * files of two commits apart.
 * @throws UserError if a file is invalid, except for a `package.json` without the key `lambci`
 */
export function readFiles(files: Files, allowed: AllowedKeys, suffix = ''): FileLayers {
  if (allowsNothing(allowed)) return { layers: [], complete: [], packageError: null }
  const lenient = readLenient(files.packageJson, `package.json${suffix}`)
  const complete = [
    lenient.layer,
    readLambciJson(textOf(files.lambciJson, suffix), `.lambci.json${suffix}`),
  ].filter(layer => layer !== null)
  return {
    complete,
    layers: complete.map(layer => limitTo(allowed, layer)),
    packageError: lenient.error,
  }
}

/** A `package.json` may be a link, a template or empty if another file has the configuration. */
function readLenient(content: FileContent, name: string): { layer: Layer | null; error: string | null } {
  if (content !== null && typeof content !== 'string')
    return { layer: null, error: `${name} ${content.reason}.` }
  try {
    return { layer: readPackageJson(content, name), error: null }
  } catch (error) {
    const isAboutLambci = content !== null && hasTopLevelKey(content, 'lambci')
    if (isAboutLambci || !(error instanceof UserError)) throw error
    return { layer: null, error: error.message }
  }
}

function textOf(content: FileContent, suffix: string): string | null {
  if (content === null || typeof content === 'string') return content
  throw new UserError(`.lambci.json${suffix} ${content.reason}. ${content.advice}`)
}

/**
 * Why files that were probably meant as `.lambci.json` stop a build, and the fix. The default command would otherwise run in their place.
 * Null if there are none, or a `.lambci.json` in any of these commits.
 */
export function explainSimilarNames(
  commits: readonly { files: Files; suffix: string; allowed: AllowedKeys }[],
): string | null {
  const relevant = commits.filter(({ allowed }) => !allowsNothing(allowed))
  if (relevant.some(({ files }) => files.lambciJson !== null)) return null
  const errors = relevant.flatMap(({ files, suffix }) =>
    files.similarNames.map(name => describeSimilarName(name, suffix)),
  )
  return errors.length > 0 ? errors.slice(0, 3).map(escapeControls).join('\n') : null
}

/** Notes about files that exist but are not read. */
export function describeIgnoredFiles(files: Files, allowed: AllowedKeys): string[] {
  const isIgnored = allowsNothing(allowed) && files.lambciJson !== null
  return [
    ...files.similarNames.slice(0, 3).map(noteSimilarName),
    ...(isIgnored
      ? ['.lambci.json is ignored: "allowConfigOverrides" does not let files set anything here.']
      : []),
  ]
}

/** Whether files are not read. */
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
