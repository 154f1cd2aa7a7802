import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { completeCommands } from '../../../src/command/complete-commands.ts'
import { runCommand } from '../../../src/command/run-command.ts'
import { runCommands } from '../../../src/command/run-commands.ts'
import { shellTextOf, toShellText } from '../../../src/planning/shell-text.ts'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lambci-commands-'))
})
afterAll(() => rm(directory, { recursive: true }))

const MARK = /lambci ?[0-9a-f]{32}/

/** Runs lists in a real shell. Returns the commands that began, their outputs, the exit code, and the last command that is certain. */
async function run(command: string[], { setup = null, env = {} }: Options = {}) {
  const begun: string[] = []
  const outputs: string[] = []
  const { exit, last } = await runCommands(toShellText(command, setup, true), {
    ...shell(env),
    onCommand: async each => {
      begun.push(each.command)
      outputs.push('')
    },
    onOutput: async bytes => void outputs.push(`${outputs.pop()}${String(bytes)}`),
  })
  return { begun, outputs, code: exit.kind === 'exited' ? exit.code : null, last: last?.command ?? null }
}
type Options = { setup?: string[] | null; env?: Record<string, string> }

/** The same without seams. */
async function runJoined(command: string[]) {
  let output = ''
  const { exit } = await runCommand({
    ...shell({}),
    command: shellTextOf(toShellText(command, null, true)),
    onOutput: async bytes => {
      output += String(bytes)
    },
  })
  return { output, code: exit.kind === 'exited' ? exit.code : null }
}
const shell = (env: Record<string, string>) => ({
  ...{ cwd: directory, env: { PATH: process.env.PATH ?? '', ...env } },
  ...{ deadline: Date.now() + 30_000, graceMs: 100 },
})

test('each command of a list begins before its output, in one shell', async () => {
  const setup = ['echo installing', 'A=1; f() { echo "f $1"; }']
  expect(await run(['cd /; echo $A', 'echo $PWD', 'f 2'], { setup })).toEqual({
    begun: [...setup, 'cd /; echo $A', 'echo $PWD', 'f 2'],
    outputs: ['installing\n', '', '1\n', '/\n', 'f 2\n'],
    ...{ code: 0, last: 'f 2' },
  })
})

test.each<[string, string[], string[] | null, string, number]>([
  ['of a command', ['echo a', 'false', 'echo b'], null, 'false', 1],
  ['of the first', ['exit 3', 'echo b'], null, 'exit 3', 3],
  ['of a setup', ['echo c'], ['true', 'exit 4', 'echo b'], 'exit 4', 4],
  ['after stderr was closed', ['exec 2>&-', 'exit 5', 'echo b'], null, 'exit 5', 5],
])('it is certain which one failed: %s', async (_, command, setup, last, code) => {
  expect(await run(command, { setup })).toMatchObject({ last, code })
})

test.each<[string, string[]]>([
  ['the exit code of the one before', ['set +e', '(exit 7)', 'code=$?', 'echo $code; exit $code']],
  ['that of a list that may fail', ['false && true', 'echo $?']],
  ['that of a negation', ['! true', 'echo $?']],
  ['that of a pipe', ['set +o pipefail; (exit 3) | true', 'echo $?']],
  ['that of all parts of a pipe', ['set +eo pipefail', '(exit 3) | true', `echo \${PIPESTATUS[0]}`]],
  ['the last argument', ['echo a b', 'echo $_', 'x=$_; ! : q', 'echo $_ $x']],
  ['a pipe that fails', ['(exit 3) | cat', 'echo not reached']],
  ['a variable that is not set', ['set -u', 'echo a', 'echo $NONE', 'echo not reached']],
  ['traps of errors', ['trap "echo ERR \\$LINENO" ERR; set -E', '! true', 'f() { false; }', 'f || :', 'f']],
  ['traps of each command', ['trap "echo D \\$BASH_COMMAND" DEBUG', 'echo c', 'echo d']],
  ['a trap at the end', ['trap "echo bye \\$?" EXIT', 'echo c', 'exit 3']],
  ['numbers of lines', ['echo a', 'nosuch || echo $LINENO', 'b=1\nnosuch']],
  ['traces', ['set -x; echo a', 'echo b', 'set +x', 'echo c']],
  ['lines as they are read', ['echo a', 'set -ev', 'echo b', 'echo c']],
  ['the ends of processes', ['trap "echo ended" CHLD', ':', 'trap - CHLD', 'echo a']],
  ['aliases', ['shopt -s expand_aliases; alias begin="cat <<END"', 'begin', 'a', 'END', 'echo b']],
  ['another builtin', ['builtin() { echo mine; }', 'echo a', 'builtin b']],
  ['jobs in the background', ['set -m; sleep 0.01 & wait $!', '(exit 4) & p=$!', 'wait $p || echo $?']],
  [
    'functions of any name',
    ['printf() { echo mine; }; set() { echo mine; }', 'exit() { echo mine; }', 'echo a'],
  ],
  [
    'a variable of the name of the loop',
    ['lambci=1', 'echo $lambci', 'echo $# $*', 'unset lambci; declare -p lambci'],
  ],
  ['other ways to parse', ['shopt -s extglob', 'set -o posix', 'set -fC', 'IFS=0123456789', 'echo ~+(a)']],
  ['what is set', ['declare -F; compgen -A function', `echo "\${-}"`]],
  ['comments and empty lines', ['# a', '\n\necho b', 'echo c # d', 'echo e;', 'echo f &\nwait']],
  ['an open condition', ['echo a', 'if true; then', 'echo b', 'fi', 'echo c']],
  ['an open here-document', ['cat <<END', 'a $((1 + 1))', 'END', 'echo b']],
  ['one that never ends', ['echo a', 'cat <<END', 'b', 'c']],
  ['a line that goes on', ['echo a \\', 'b', 'echo c\\\\', 'echo d']],
  ['an open quote', ["echo 'a", "b'", 'echo "c', 'd"']],
  ['an open list', ['true &&', 'echo a |', 'cat', 'echo b']],
  ['an open function', ['f() {', 'echo "in $1"', '}', 'f 1']],
  ['an open array and case', ['a=(1', '2)', `case \${a[1]} in`, '2) echo two;;', 'esac']],
  ['an error of syntax', ['echo a', 'if true; then', 'echo b']],
  ['an end without a beginning', ['echo a', 'fi', 'echo b']],
  ['one that begins with an operator', ['echo a', '&& echo b', 'echo c']],
  ['the end of a shell by exec', ['echo a', 'exec echo b', 'echo c']],
  ['a shell that runs nothing', ['echo a', 'set -n', 'echo b']],
])('commands see and do what they would do without seams: %s', async (_, command) => {
  const [joined, { outputs, code, begun }] = await Promise.all([runJoined(command), run(command)])
  expect([outputs.join(''), code]).toEqual([joined.output, joined.code])
  expect(outputs.join('')).not.toMatch(MARK)
  expect(command.join('\n').startsWith(begun.join('\n'))).toBe(true)
})

test.each<[string[], string[]]>([
  [
    ['if true; then', 'echo b', 'fi', 'echo c'],
    ['if true; then\necho b\nfi', 'echo c'],
  ],
  [
    ['cat <<END', 'a', 'END', 'echo b'],
    ['cat <<END\na\nEND', 'echo b'],
  ],
  [
    ['echo a \\', 'b', 'echo c'],
    ['echo a \\\nb', 'echo c'],
  ],
  [
    ["echo 'a", "b'", 'echo c'],
    ["echo 'a\nb'", 'echo c'],
  ],
  [
    ['echo a', '(exit 3) || true', `echo \${PIPESTATUS[0]}`],
    ['echo a', `(exit 3) || true\necho \${PIPESTATUS[0]}`],
  ],
  [
    ['echo a', 'echo b', 'if true; then'],
    ['echo a', 'echo b\nif true; then'],
  ],
])('commands begin together that are complete only together: %j', async (command, begun) => {
  expect((await run(command)).begun).toEqual(begun)
})

test('after a setup that watches what the shell does, commands begin together', async () => {
  const { begun, outputs } = await run(['echo a', 'echo b'], { setup: ['A=1', 'set -v'] })
  expect(begun).toEqual(['A=1', 'set -v', 'echo a\necho b'])
  expect(outputs.at(-1)).toBe('echo a\na\necho b\nb\n')
})

test.each<[string | string[]]>([
  ['cat <<END'],
  [['echo one', 'cat > /dev/null <<END']],
  ['exec true'],
  ["exec bash -c 'exit 0'"],
  ['trap "builtin exit 0" EXIT; false'],
])('a setup after which the command does not begin has failed: %j', async setup => {
  const chunks: Uint8Array[] = []
  const { exit, last } = await runCommands(toShellText('echo tested', setup, true), {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH ?? '' },
    deadline: Date.now() + 30_000,
    onCommand: async () => {},
    onOutput: async bytes => void chunks.push(Buffer.from(bytes)),
  })
  expect(exit).toEqual({ kind: 'exited', code: 1 })
  expect(last?.kind).toBe('setup')
  expect(Buffer.concat(chunks).toString()).toMatch(/^The command has not run: "setup" has replaced/m)
})

test('no mark reaches a file, wherever output goes', async () => {
  const command = [
    'exec 3>&1 >out.txt 2>err.txt',
    'echo a; nosuch || env >env.txt',
    'exec >&3 2> >(cat >pipe.txt)',
    'echo b',
  ]
  const { begun, outputs } = await run(command)
  expect([begun, outputs.join('')]).toEqual([command, 'b\n'])
  const read = (name: string) => readFile(join(directory, name), 'utf8')
  expect(await read('out.txt')).toBe('a\n')
  expect(await read('err.txt')).toMatch(/^bash: line 3: nosuch: command not found\n$/)
  for (const name of ['env.txt', 'pipe.txt']) expect(await read(name)).not.toMatch(MARK)
})

test('looking whether commands are complete runs nothing', async () => {
  const command = ['echo $(touch ran); exit 1', 'touch ran', '$(touch ran)`touch ran`', '; touch ran; }']
  const path = join(directory, 'ran')
  await completeCommands(
    command.map(each => each.replaceAll(' ran', ` ${path}`)),
    process.env.PATH ?? '',
  )
  expect(await readFile(path, 'utf8').catch(() => null)).toBeNull()
})

test('the largest lists that a configuration may have are run', async () => {
  const long = Array.from({ length: 100 }, (_, at) => `: ${'€'.repeat(310)} ${at}`)
  expect(await run(long, { setup: long.map(each => each.slice(0, 90)) })).toMatchObject({ code: 0 })
  const hundred = Array.from({ length: 100 }, (_, at) => `echo ${at}`)
  const { begun, outputs } = await run(hundred)
  expect([begun, outputs]).toEqual([hundred, hundred.map((_, at) => `${at}\n`)])
})
