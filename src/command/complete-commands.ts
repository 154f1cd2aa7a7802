import { probeShell } from './probe-shell.ts'

const LIMIT_MS = 5000
/**
 * After these, a shell would show a seam or read it differently: it prints the lines that it reads (`set -ev`), runs a trap after each
 * subshell, has another `builtin`, or has aliases.
 */
export const WATCHING =
  /\bset\s[^;&|\n]{0,200}(?:-\w*v|\bverbose\b)|CHLD\b|\bbuiltin\b|\bexpand_aliases\b|\bposix\b/

/**
 * For each argument, prints 1 if the text is then complete, and 0 if it is still open. `bash -n` runs nothing. A parenthesis after the text
 * is an error, unless an open here-document takes it. A backslash at the end continues the line.
 */
const PROBE = `text=
for item; do
  text=$text$item answer=0
  case $text in
    *\\\\) ;;
    *) if "$BASH" -n -c -- "$text"; then answer=1; fi ;;
  esac
  case $answer$text in
    1*'<'*) if "$BASH" -n -c -- "$text
)"; then answer=0; fi ;;
  esac
  if [ "$answer" = 1 ]; then text=; else text="$text
"; fi
  echo "$answer"
done`

/**
 * Joins commands of a list until each is complete by itself, as far as bash can tell without running them, so that seams may separate them.
 * Commands that a seam would change are joined, too. If bash does not answer, all are joined.
 * @param path the PATH with bash
 */
export async function completeCommands(commands: readonly string[], path: string): Promise<string[]> {
  if (commands.length < 2) return [...commands]
  const args = ['-c', '--', PROBE, 'bash', ...commands]
  const { stdout } = await probeShell('bash', args, { path, timeoutMs: LIMIT_MS })
  const answers = stdout?.split('\n') ?? []
  if (answers.length !== commands.length) return [commands.join('\n')]
  return joined(commands, answers)
}

function joined(commands: readonly string[], answers: readonly string[]): string[] {
  const groups: string[] = []
  let open: string[] = []
  for (const [at, command] of commands.entries()) {
    open.push(command)
    if (answers[at] !== '1') continue
    add(groups, open.join('\n'))
    open = []
  }
  // The rest is never complete. Without a seam before it, bash reports that as usual.
  const last = groups.pop()
  return [...groups, [...(last === undefined ? [] : [last]), ...open].join('\n')]
}

/** A seam is itself a command. It keeps the exit code of the command before it, but not `PIPESTATUS`. */
function add(groups: string[], command: string): void {
  const isSeen = command.includes('PIPESTATUS') || WATCHING.test(groups.at(-1) ?? '')
  const last = isSeen ? groups.pop() : undefined
  groups.push(last === undefined ? command : `${last}\n${command}`)
}
