import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import type { ShellText } from '../../../src/planning/planned-job.ts'
import { shellTextOf } from '../../../src/planning/shell-text.ts'

function run(text: Partial<ShellText>): [output: string, code: number | null] {
  const script = shellTextOf({ command: 'true', setup: null, isStrict: true, ...text })
  const { stdout, status } = spawnSync('bash', ['-c', script], {
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin' },
  })
  return [stdout, status]
}

test.each(['npm test', 'a | b', '', "set +e\n'", '  x\n'])(
  'the command %j of LambCI stays as it is',
  command => {
    expect(shellTextOf({ command, setup: null, isStrict: false })).toBe(command)
  },
)

test.each<[string, Partial<ShellText>, string, number]>([
  ['a job ends at the first command that fails', { command: 'echo 1\nfalse\necho 2' }, '1\n', 1],
  ['also within a pipe', { command: '(exit 3) | cat\necho 2' }, '', 3],
  [
    'a command that is not strict goes on',
    { isStrict: false, command: 'false | true; false; echo 2' },
    '2\n',
    0,
  ],
  ['setup goes before it, in the same shell', { setup: 'A=1; cd /', command: 'echo $A $PWD' }, '1 /\n', 0],
  ['setup ends at the first command that fails', { setup: 'false\necho 1', command: 'echo 2' }, '', 1],
  ['setup is strict also before one that is not', { isStrict: false, setup: 'false | true\necho 1' }, '', 1],
  [
    'after which the command runs as LambCI ran it',
    { isStrict: false, setup: 'A=1', command: 'false | true && false; echo $A' },
    '1\n',
    0,
  ],
  ['setup that ends the shell is a failure', { setup: 'true && exit 0', command: 'echo 2' }, '', 1],
  ['also before a command that is not strict', { isStrict: false, setup: 'exit', command: 'echo 2' }, '', 1],
  ['its exit code stays, if it says that it failed', { setup: 'exit 7', command: 'echo 2' }, '', 7],
  ['the command may end the shell', { setup: 'A=1', command: 'echo $A; exit 0; echo 2' }, '1\n', 0],
  ['setup may leave a trap of its own', { setup: 'trap "echo bye" EXIT', command: 'echo 2' }, '2\nbye\n', 0],
  [
    'a trap in the command is its own',
    { setup: 'A=1', command: 'trap "echo bye" EXIT; echo 2' },
    '2\nbye\n',
    0,
  ],
  [
    'subshells of setup end as they do',
    { setup: 'A=$(echo 1; exit 0); (exit 0)', command: 'echo $A' },
    '1\n',
    0,
  ],
  ['a variable that is not set is no error', { command: 'echo "a$UNSET"' }, 'a\n', 0],
])('%s', (_, text, output, code) => {
  expect(run(text)).toEqual([output, code])
})

test('setup that ends the shell is told what to do', () => {
  const script = shellTextOf({ command: 'echo 2', setup: '[ -d / ] && exit 0', isStrict: true })
  const { stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' })
  expect(stderr).toBe('"setup" ended the shell before the command could run. Remove the exit from it.\n')
})

test.each(['while :; do [ -n "$BEGUN" ] || echo begun; BEGUN=1; done', 'echo begun; sleep 60'])(
  'setup that is stopped, as at a time-out, says nothing of it: %s',
  async setup => {
    const script = shellTextOf({ command: 'echo 2', setup, isStrict: true })
    const shell = spawn('bash', ['-c', script], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    let printed = ''
    shell.stderr.on('data', bytes => {
      printed += bytes
    })
    await once(shell.stdout, 'data')
    const closed = once(shell, 'close')
    process.kill(-(shell.pid ?? 0), 'SIGTERM')
    expect([...(await closed), printed]).toEqual([null, 'SIGTERM', ''])
  },
)
