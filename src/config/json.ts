import { UserError } from '../model/user-error.ts'
import { describeDuplicate, MAX_DEPTH, scanJson } from './json-scan.ts'
import { NumberText, resolveNumbers } from './number-text.ts'

export type JsonObject = Record<string, unknown>

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A copy of an object with only these keys. Keys that it lacks are left out. */
export const pick = (object: JsonObject, keys: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([key]) => keys.includes(key)))

/** The limit for a configuration file, in bytes. */
export const MAX_BYTES = 256 * 1024
const MAX_DUPLICATES = 10

/**
 * Parses a JSON file, with or without a byte order mark.
 * @throws UserError with line and column if it is not valid JSON, if a key is given twice, or if it is larger than 256 KB
 */
export function parseJson(file: string, text: string): unknown {
  return JSON.parse(requireJson(file, text, []))
}

/**
 * Parses a file that is a layer of configuration, has one as its key `lambci` (`package.json`), or has only variables (`env`). Numbers in
 * `env` become strings that keep their own text, such as 3.10.
 * @throws UserError as `parseJson` does
 */
export function parseLayerJson(
  file: string,
  text: string,
  place: 'layer' | 'package' | 'env' = 'layer',
): unknown {
  const json = requireJson(file, text, place === 'package' ? ['lambci'] : [])
  return resolveNumbers(parseNumbers(json), place)
}

/** Like `JSON.parse`, but keeps the text of numbers that their value would lose. `resolveNumbers` replaces them. */
export function parseNumbers(json: string): unknown {
  const revive = (_key: string, value: unknown, { source }: { source?: string }) =>
    typeof value === 'number' && source !== undefined && source !== String(value)
      ? new NumberText(value, source)
      : value
  return JSON.parse(json, revive as (key: string, value: unknown) => unknown)
}

/**
 * Returns the text without its byte order mark.
 * @param within the path of the part that is used: elsewhere a key may be given twice
 */
function requireJson(file: string, text: string, within: readonly string[]): string {
  if (Buffer.byteLength(text) > MAX_BYTES) {
    throw new UserError(`${file} is larger than 256 KB, the limit for configuration files. Make it smaller.`)
  }
  const json = text.replace(/^\uFEFF/, '')
  const { error, duplicates, depth } = scanJson(json)
  if (error !== null) throw new UserError(`${file} is not valid JSON: ${error}`)
  if (depth > MAX_DEPTH)
    throw new UserError(`${file} is nested deeper than ${MAX_DEPTH} levels. Make it flatter.`)
  const relevant = duplicates.filter(({ path }) => within.every((key, index) => path[index] === key))
  if (relevant.length > 0) {
    const errors = relevant.slice(0, MAX_DUPLICATES).map(each => `${file}: ${describeDuplicate(each)}`)
    throw new UserError(errors)
  }
  return json
}
