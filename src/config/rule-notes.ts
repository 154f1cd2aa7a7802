import { isObject, type JsonObject } from './json.ts'
import { keyPath, quote } from './key-path.ts'
import { suggestAlternatives } from './rule-suggestion.ts'

const ALL = /^\/\^?(\.[*+]?)?\$?\/$/
const MAX_NOTES = 5

/** Notes about rules in `branches` and `stages` that are valid, but probably not what was meant. */
export function noteRules({ branches, stages }: JsonObject): string[] {
  const notes = Object.entries({ branches, stages }).flatMap(([key, rules]) => {
    const names = isObject(rules) ? Object.keys(rules) : []
    return [...noteLists(key, names), ...noteUnreachable(key, names)]
  })
  return notes.slice(0, MAX_NOTES)
}

/** `main,develop` may be the name of a branch. */
const noteLists = (key: string, names: readonly string[]) =>
  names.flatMap(name => {
    const alternatives = suggestAlternatives(name)
    return alternatives === null
      ? []
      : [`${keyPath([key, name])} is the name of one branch. For several, write ${quote(alternatives, 500)}.`]
  })

/** No regular expression is tried after a rule for all branches. */
function noteUnreachable(key: string, names: readonly string[]): string[] {
  const regexes = names.filter(name => /^!?\/.+\/$/s.test(name))
  const all = regexes.findIndex(name => ALL.test(name))
  if (all < 0) return []
  return regexes
    .slice(all + 1)
    .map(
      name =>
        `${keyPath([key, name])} never applies, because ${keyPath([key, regexes[all] ?? ''])} comes first. Put it in front.`,
    )
}
