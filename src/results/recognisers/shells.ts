import { type Found, indexIn, plainFailure, recogniser, shownIn } from './log-lines.ts'

const REASON =
  '(?:command not found|not found|No such file or directory|Permission denied|unbound variable|parameter not set|syntax error\\b.*|unexpected \\S.*|[Ss]yntax error: .*|cannot execute\\b.*|ambiguous redirect|bad substitution|Is a directory|Not a directory)'
/** An error in a script: `run.sh: line 3: foo: command not found`; dash has no `line`. */
const OF_SCRIPT = new RegExp(`^([^\\s:]{1,300}): (?:line )?(\\d{1,8}): (?:.{0,500}: )?${REASON}$`)
/** An error of a program: `cat: a.txt: No such file or directory`. */
const OF_PROGRAM =
  /^[\w./+-]{1,100}: .{1,500}: (?:command not found|No such file or directory|Permission denied)$/
const NOT_FOUND = /^(?:\S{1,300}: (?:line )?\d{1,8}: )\S{1,200}: (?:command )?not found$/
const SHELL = /^(?:.*\/)?(?:ba|da|z|k|a)?sh$/
const MAKE = /^g?make(?:\[\d{1,4}\])?: /
/** The most lines between a shell's last error and the end. */
const NEAR_END = 20

/** The last error of a shell near the end of a log, where it stopped. */
export const shellRecogniser = recogniser('shell', lines => {
  const isError = (line: string) => !MAKE.test(line) && (OF_SCRIPT.test(line) || OF_PROGRAM.test(line))
  for (let [at, seen] = [lines.length - 1, 0]; at >= 0 && seen < NEAR_END; at--) {
    const line = lines[at] ?? ''
    if (line.trim() === '') continue
    if (isError(line)) return shellError(lines, at)
    seen += 1
  }
  return null
})

/** A command that was not found, in the last line: then nothing before it stopped the shell. */
export const lastCommandRecogniser = recogniser('last command', lines => {
  const at = lines.findLastIndex(line => line.trim() !== '')
  return NOT_FOUND.test(lines[at] ?? '') ? shellError(lines, at) : null
})

function shellError(lines: readonly string[], at: number): Found {
  const [, script = '', number] = OF_SCRIPT.exec(lines[at] ?? '') ?? []
  const place = script === '' || SHELL.test(script) ? null : { file: script, line: Number(number) }
  return plainFailure([at], place, at)
}

/** Errors of make itself: a target without a rule, a program that it cannot find, a Makefile that it cannot read. */
export const makeRecogniser = recogniser('make', lines => {
  const isOwn = (line: string) =>
    /^\S{1,300}:\d{1,8}: \*\*\* /.test(line) ||
    (MAKE.test(line) &&
      /: (?:\*\*\* .{1,500}Stop\.$|(?!\*\*\*).*: (?:No such file or directory|Permission denied|[Cc]ommand not found)$)/.test(
        line,
      ))
  const at = indexIn(lines, { from: 0, to: lines.length }, isOwn)
  return at === lines.length ? null : makeError(lines, at)
})

/** A rule that failed, if nothing else is known. */
export const makeRuleRecogniser = recogniser('rule of make', lines => {
  const isRule = (line: string) => MAKE.test(line) && /: \*\*\* \[.{1,500}\] Error \d+/.test(line)
  const at = indexIn(lines, { from: 0, to: lines.length }, isRule)
  return at === lines.length ? null : makeError(lines, at)
})

function makeError(lines: readonly string[], at: number): Found {
  const place = [at, at + 1].map(each => placeOf(lines[each] ?? '')).find(each => each !== null) ?? null
  const isMake = (line = '') => MAKE.test(line) || /\*\*\*/.test(line)
  return plainFailure(isMake(lines[at + 1]) ? [at, at + 1] : [at], place, at)
}

function placeOf(line: string): { file: string; line: number } | null {
  const rule = /\*\*\* \[([^\s:\]]{1,300}):(\d{1,8}): /.exec(line)
  const itself = /^([^\s:]{1,300}):(\d{1,8}): \*\*\* /.exec(line)
  const [, file, number] = rule ?? itself ?? []
  return file === undefined ? null : { file, line: Number(number) }
}

const NPM = /^npm (?:ERR!|error)(?: (.*))?$/
/** These lines report only that a script failed, which has already said why. */
const OF_SCRIPTS = /ELIFECYCLE|Lifecycle script|Test failed\. {2}See above|Exit status \d/
const NO_MESSAGE =
  /^(?:code |errno |syscall |path |dest |A complete log of this run|in workspace|at location|\s*$)/
const PNPM = /^\s{0,2}ERR_PNPM_(?!RECURSIVE_RUN)[A-Z_]{1,80}\s/

/** npm and pnpm themselves: an installation that fails, a script that is missing. */
export const npmRecogniser = recogniser('npm', lines => {
  const pnpm = lines.findLastIndex(line => PNPM.test(line))
  const end = lines.findLastIndex(line => NPM.test(line))
  if (end < 0)
    return pnpm < 0
      ? null
      : plainFailure(shownIn(lines, { from: pnpm, to: lines.length }, { most: 5 }), null, pnpm)
  let from = end
  while (from > 0 && NPM.test(lines[from - 1] ?? '')) from -= 1
  const part = { from, to: end + 1 }
  if (lines.slice(from, end + 1).some(line => OF_SCRIPTS.test(line))) return null
  const isNoise = (line: string) => NO_MESSAGE.test(NPM.exec(line)?.[1] ?? '')
  const shown = shownIn(lines, part, { isNoise })
  return shown.length === 0 ? null : plainFailure(shown, null, end)
})
