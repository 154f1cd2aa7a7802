import { distance } from 'fastest-levenshtein'
import { quote } from './key-path.ts'

const NAME = '.lambci.json'
/** Backups, examples and documents, which are not meant to be read. */
const LEFTOVER = /(~|\.(bak|orig|old|swp|swo|rej|tmp|save|example|sample|template|dist|md))$/
const FORMATS = ['json', 'json5', 'jsonc', 'hjson', 'yml', 'yaml', 'toml', 'js', 'cjs', 'mjs', 'ts']
/** Further extensions of files whose name begins with a dot. */
const FURTHER_EXTENSIONS = ['txt', 'conf', 'config', 'cfg', 'ini', 'xml', 'rc', 'settings', 'local', 'ci']

/**
 * Whether a file at the top level was probably meant as the configuration, but is not read: `.lambci.yml`,
 * `lambci.json`, `.lamdci.json`, `.lambcirc`.
 */
export function isSimilarName(name: string): boolean {
  if (name === NAME || name.length > 40 || LEFTOVER.test(name)) return false
  const isHidden = name.startsWith('.')
  const [first = '', ...extensions] = name
    .trim()
    .toLowerCase()
    .replace(/^[._]+/, '')
    .replace(/^lambda[-_.]?ci/, 'lambci')
    .split(/[-._,\s]+/)
  const stem = first.replace(/(?<=.{5})(rc|config|conf|json|ya?ml|js)$/, '')
  const isKnown = (extension: string) =>
    isFormat(extension) || extension === 'config' || (isHidden && FURTHER_EXTENSIONS.includes(extension))
  if (!isNear(stem, 'lambci', isHidden ? 2 : 1) || !extensions.every(isKnown)) return false
  return isHidden && (stem === 'lambci' || first !== stem) ? true : extensions.some(isFormat)
}

const isFormat = (extension: string) =>
  FORMATS.includes(extension) || (extension.length > 2 && isNear(extension, 'json', 1))

/** `lambda` is another word. Letters that changed places count as one change. */
function isNear(word: string, wanted: string, changes: number): boolean {
  if (/^lamb(d.*|s)?$/.test(word) && !word.endsWith('ci')) return false
  const isSwapped = [...wanted.slice(1)].some(
    (_, at) =>
      word === wanted.slice(0, at) + wanted.charAt(at + 1) + wanted.charAt(at) + wanted.slice(at + 2),
  )
  return isSwapped || distance(word, wanted) <= changes
}

/** Why a build cannot run where such a file stands in place of `.lambci.json`, and what to write, in two sentences. */
export function describeSimilarName(name: string, suffix: string): string {
  const subject = `${shown(name)}${suffix} is not read`
  const example = '{"cmd": "npm ci && npm test"}'
  if (/\.[cm]?[jt]s$/i.test(name))
    return `${subject}, because configuration is data. Write what it exports to ${NAME} as JSON, such as ${example}.`
  if (/json(\.txt)?\s*$/i.test(name)) return `${subject}: the configuration is ${NAME}. Rename it to ${NAME}.`
  return `${subject}: the configuration is JSON. Write its settings to ${NAME}, such as ${example}.`
}

/** A note about such a file beside a `.lambci.json`. */
export const noteSimilarName = (name: string): string =>
  name === '.lambci.js'
    ? `${name} is ignored, because configuration is data. Move its settings to ${NAME}.`
    : `${shown(name)} is ignored: only ${NAME} is read. Move its settings there, or remove it.`

const shown = (name: string) => (/^[\w.-]+$/.test(name) ? name : quote(name))
