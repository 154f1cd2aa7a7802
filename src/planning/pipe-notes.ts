import { withoutHeredocs } from './heredocs.ts'

/** Quoted text, escaped characters, comments, and bars that are not pipes. */
const NO_PIPES = /'[^']*'|"(?:[^"\\]|\\.)*"|\\.|(?<=^|\s)#[^\n]*|>\||\|\|/gs
/** Where a bar may stand between patterns. Such commands get no note. */
const PATTERNS = /\bcase\s|\[\[/
/** Commands that do not fail, or whose failure does not matter. */
const HARMLESS = /^\s*(?:echo|printf|cat|yes|true|:)(?:\s|$)/

/** A note about a pipe in a command that runs as LambCI ran it: a failure in it counts only if it is the last command's. */
export function notePipe(key: string, command: string): string | null {
  if (/pipefail/.test(command) || PATTERNS.test(command)) return null
  const plain = withoutHeredocs(command).replace(NO_PIPES, text => (text === '||' ? ';' : 'x'))
  const isRisky = plain.split(/[\n;(){}]|&&|&(?!>)/).some(list => {
    const commands = list.split('|').slice(0, -1)
    return commands.some(each => each.trim() !== '' && !HARMLESS.test(each))
  })
  return isRisky
    ? `Of a pipe in "${key}" only the last command counts, as in LambCI. For all to count, begin it with "set -o pipefail; ".`
    : null
}
