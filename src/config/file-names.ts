import { distance } from 'fastest-levenshtein'
import { quote } from './key-path.ts'

const NAME = '.lambci.json'
const MAX_LENGTH = 40
/** Backups, examples and documents. */
const LEFTOVER = /(~|\.(bak|orig|old|swp|swo|rej|tmp|save|example|sample|template|dist|md))$/
/** Data formats. A file with this name in one of these formats is always meant as configuration. */
const DATA = words(
  'json json5 jsonc jsonl hjson cson jsonnet libsonnet yml yaml toml ini cfg conf config properties props hcl edn ron kdl pkl dhall cue plist hocon',
)
/** Languages in which configuration is programmed. */
const PROGRAMS = words('js cjs mjs jsx ts cts mts tsx coffee es6')
/** Formats of data that are often misspelled, after the first letter. */
const MISSPELLED = ['json', 'json5', 'yaml', 'yml', 'toml']
/** Further extensions of files whose name begins with a dot. */
const HIDDEN = words('txt rtf xml configuration rc settings local ci')
/** Extensions that an editor adds after that of the format. */
const TEXT = words('txt rtf text')
/** Parts that distinguish several configurations: environments, and copies. */
const VARIANTS = words(
  'config conf configuration settings ci rc prod production prd dev develop development test tests testing stage staging qa uat main master local copy',
)

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(' '))
}

/**
 * Whether a file at the top level was probably meant as the configuration, but is not read: it is called LambCI or nearly
 * so, and its extension says that it is configuration. `.lambci.yml`, `lambci.json`, `.lamdci.json`, `.lambcirc`, and
 * `.lambci (1).json` are; documents, scripts, logs, backups, and examples are not.
 */
export function isSimilarName(name: string): boolean {
  if (name === NAME || name.length > MAX_LENGTH || LEFTOVER.test(name)) return false
  const isHidden = /^\W*\./.test(name.normalize('NFKC').replace(/^copy of /i, ''))
  const { stem, parts, isRc } = partsOf(name)
  if (!isNear(stem, 'lambci', isHidden ? 2 : 1)) return false
  const [last = ''] = parts.slice(-1)
  const others = parts.slice(0, -1)
  if (last === '') return isRc || (isHidden && stem === 'lambci')
  if (TEXT.has(last) && others.some(isData)) return others.every(isFormat)
  const isKnown = (part: string) => isFormat(part) || (isHidden && HIDDEN.has(part))
  // Variants of program files, or of names that are only similar, are something else.
  const mayVary = stem === 'lambci' && !PROGRAMS.has(last)
  const isVariant = (part: string) => part === 'config' || (mayVary && VARIANTS.has(part))
  return isKnown(last) && others.every(part => isKnown(part) || isVariant(part))
}

/** The distinctive parts of a name: `.Lambci (1).JSON` has the stem `lambci` and the part `json`. */
function partsOf(name: string): { stem: string; parts: string[]; isRc: boolean } {
  const [first = '', ...rest] = name
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .toLowerCase()
    .replace(/^copy of /, '')
    .replace(/\(\d*\)|(?<=[\s-])(copy|\d+)(?=\.|$)/g, '')
    .replace(/^[^\p{L}\p{N}]+/u, '')
    .replace(/^lamb(da)?[-_. ]?ci/, 'lambci')
    .split(/[-._,:;\s]+/)
  // Without a dot in between: `lambciyml`, `.lambcirc`.
  const [, stem = first, joined] = /^(.{5,})(rc|config|conf|json|ya?ml|toml|js)$/.exec(first) ?? []
  const parts = [...(joined === undefined ? [] : [joined]), ...rest].filter(part => part !== '')
  return { stem, parts: parts.filter(part => part !== 'rc'), isRc: parts.includes('rc') }
}

const isFormat = (part: string) => isData(part) || PROGRAMS.has(part)

const isData = (part: string) =>
  DATA.has(part) ||
  (part.length > 2 && isNear(part, 'json', 1)) ||
  MISSPELLED.some(format => part.length > 1 && part[0] === format[0] && isNear(part, format, 1))

/** `lambda` is another word. Swapped letters count as one change. */
function isNear(word: string, wanted: string, changes: number): boolean {
  if (/^lamb(d.*|s)?$/.test(word) && !word.endsWith('ci')) return false
  const isSwapped = [...wanted.slice(1)].some(
    (_, at) =>
      word === wanted.slice(0, at) + wanted.charAt(at + 1) + wanted.charAt(at) + wanted.slice(at + 2),
  )
  return isSwapped || distance(word, wanted) <= changes
}

/** Why a build cannot run if such a file replaces `.lambci.json`, and the fix, in two sentences. */
export function describeSimilarName(name: string, suffix: string): string {
  const subject = `${shown(name)}${suffix} is not read`
  const example = '{"cmd": "npm ci && npm test"}'
  const formats = partsOf(name).parts.filter(isFormat)
  if (PROGRAMS.has(formats.at(-1) ?? ''))
    return `${subject}, because configuration is data. Write what it exports to ${NAME} as JSON, such as ${example}.`
  if (formats.length > 0 && formats.every(format => isNear(format, 'json', 1)))
    return `${subject}: the configuration is ${NAME}. Rename it to ${NAME}.`
  return `${subject}: the configuration is JSON. Write its settings to ${NAME}, such as ${example}.`
}

/** A note about such a file beside a `.lambci.json`. */
export const noteSimilarName = (name: string): string =>
  name === '.lambci.js'
    ? `${name} is ignored, because configuration is data. Move its settings to ${NAME}.`
    : `${shown(name)} is ignored: only ${NAME} is read. Move its settings there, or remove it.`

const shown = (name: string) => (/^[\w.-]+$/.test(name) ? name : quote(name))
