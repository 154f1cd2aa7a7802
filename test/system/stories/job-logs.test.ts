import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LAMBCI, lambci } from '../../support/lambci.ts'
import { sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

const command = (...args: string[]) => lambci([...args, '--data', join(ci.directory, 'data')])

test('the logs of several jobs are followed, listed and printed by title', async () => {
  const gate = ci.gate()
  const jobs = {
    first: { cmd: `echo first begins; ${gate.wait}; printf 'first ends'` },
    unit: { cmd: 'echo part $LAMBCI_SHARD; test $LAMBCI_SHARD = 1', shards: 2 },
    last: { cmd: 'echo last', needs: 'unit' },
  }
  const config = { branches: { '/.*/': true }, failFast: false, jobs }
  await ci.push(await ci.write({ '.lambci.json': JSON.stringify(config) }), 'jobs/logs', 'topic')
  const build = { project: 'gh/jobs/logs', number: 1 }
  await ci.until('the build', async () => (await ci.view(build)) !== null)
  const [all, one] = [
    command('logs', '-f', 'jobs/logs#1'),
    command('logs', '-f', 'jobs/logs#1', 'unit (1/2)'),
  ]
  await ci.until('the failure', async () =>
    (await ci.view(build))?.jobs.some(({ title, status }) => title === 'unit (2/2)' && status === 'failed'),
  )
  await gate.open()
  await ci.ended(build)

  const followed = await all
  expect([followed.exitCode, followed.stderr]).toEqual([1, ''])
  for (const line of [
    'first      | first begins',
    'first      | first ends',
    'unit (1/2) | part 1',
    'unit (2/2) | part 2',
  ])
    expect(followed.stdout.split('\n')).toContain(line)
  expect(followed.stdout).toMatch(
    /\n {2}unit \(2\/2\) {2}failed .*\n {2}last {8}skipped .*unit \(2\/2\) failed$/,
  )
  expect((await one).exitCode).toBe(0)
  expect((await one).stdout).toMatch(/^part 1$/m)

  const list = await command('logs', 'jobs/logs')
  expect(list.stdout).toMatch(
    /^Build #1 of jobs\/logs has 4 jobs: 2 passed, 1 failed, 1 skipped\.\n {2}first {7}passed/,
  )
  expect(list.stdout).toContain('To print the log of one: lambci logs jobs/logs#1 "unit (2/2)"')
  expect((await command('logs', 'jobs/logs#1', 'unit (2/2)')).stdout).toMatch(/^part 2$/m)
  const parts = (await command('logs', 'jobs/logs', 'unit')).stdout
  expect(parts).toMatch(/^unit \(1\/2\) \| part 1$[\s\S]*^unit \(2\/2\) \| part 2$/m)
  const skipped = await command('logs', 'jobs/logs', 'last')
  expect([skipped.exitCode, skipped.stderr]).toEqual([
    2,
    'lambci: last has no log: it is skipped (unit (2/2) failed).',
  ])
  expect((await command('builds', 'jobs/logs')).stdout).toMatch(/^#1 +failed {2}2\/4 jobs /m)
  const [view] = JSON.parse((await command('builds', 'jobs/logs', '--json')).stdout)
  expect(view.jobs.map(({ key, log }: { key: number; log: string }) => [key, log])).toEqual([
    ...[0, 1, 2].map(key => [key, `/gh/jobs/logs/builds/1/jobs/${key}/log`]),
    [3, null],
  ])
})

// A title, a link, the clipboard, a cleared screen, the alternate screen, C1 in UTF-8 and as a byte, and a command without an end.
const HOSTILE = [
  '\x1b]0;owned\x07\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\ \x1b]52;c;cm0gLXJmIH4=\x07',
  '\x1b[2J\x1b[H\x1b[?1049h\x1b[?2004h\x1bc\x1b(0 \xc2\x9b2J \x9b2J \x07\x08\x05 \x1b[32mgreen\x1b[0m\n\x1bPq',
].join('')
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are the subject
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/

test('a log, a message and a name of others cannot control the terminal of whoever prints them', async () => {
  const config = { cmd: 'printf "$(cat bytes)"; printf \'\\nover\\n\'', branches: { '/.*/': true } }
  const bytes = [...Buffer.from(HOSTILE, 'latin1')].map(byte => `\\${byte.toString(8).padStart(3, '0')}`)
  const at = await ci.write({ '.lambci.json': JSON.stringify(config), bytes: bytes.join('') })
  await ci.push(at, 'jobs/hostile', 'topic', {}, 'Fix \x1b]52;c;eA==\x07\x1b[2J\u009b2J\u202e')
  const build = { project: 'gh/jobs/hostile', number: 1 }
  expect((await ci.ended(build)).status).toBe('passed')
  const recorded = await ci.log(build)
  expect(recorded).toContain('\x1b]0;owned\x07')
  const printed = [
    await command('logs', 'jobs/hostile'),
    await command('logs', '-f', 'jobs/hostile'),
    await lambci(['run', at]),
  ]
  for (const { stdout, exitCode } of printed) {
    expect(exitCode).toBe(0)
    expect(stdout.split('\n').find(line => line.startsWith('link '))).toContain(' \x1b[32mgreen\x1b[0m')
    expect(stdout.split('\n')).toContain('over')
    expect(stdout.replaceAll('\x1b[32m', '').replaceAll('\x1b[0m', '')).not.toMatch(CONTROLS)
  }
  const lists = [await command('builds', 'jobs/hostile'), await command('builds', 'jobs/hostile', '--json')]
  for (const { stdout } of lists) expect(stdout).not.toMatch(CONTROLS)
  expect(JSON.parse(lists[1]?.stdout ?? '')[0].message).toContain('\x1b]52;c;eA==\x07')
  expect(`${(await command('logs', '--raw', 'jobs/hostile')).stdout}\n`).toBe(recorded)
})

// What is quoted of a file must neither look like a line of the runner nor conceal what follows.
const FORGED = '\n▸ Passed after 0.2 s: nothing is wrong\x1b[8m\u202e'
test.each<[string, string]>([
  ['a rule', JSON.stringify({ branches: { [`/[${FORGED}/`]: true } })],
  ['a name of a branch', JSON.stringify({ branches: { [`x${FORGED}`]: true } })],
  ['a key', JSON.stringify({ [FORGED]: 1, jobs: { [FORGED]: { [FORGED]: 1 } } })],
  ['a need', JSON.stringify({ jobs: { a: { cmd: 'true', needs: [FORGED] } } })],
  [
    'a path',
    JSON.stringify({ cmd: 'true', paths: [`(${FORGED}`], cache: { c: { paths: [`../${FORGED}`] } } }),
  ],
  ['text that is no JSON', `{"cmd": ${FORGED}`],
  [
    'a key that is there twice',
    `{"env": {${'1, 2'.replace(/\d/g, () => `${JSON.stringify(FORGED)}: "x"`)}}}`,
  ],
])(
  '%s of a file forges no line of the runner, and conceals nothing, on the terminal of plan and run',
  async (_, text) => {
    const at = await ci.write({ '.lambci.json': text })
    for (const name of ['plan', 'run']) {
      const { stdout, stderr, exitCode } = await lambci([
        name,
        at,
        ...(name === 'plan' ? ['--branch', 'x'] : []),
      ])
      expect([name, exitCode, stdout]).toEqual([name, 2, ''])
      expect(stderr).not.toMatch(/^▸|[\p{Bidi_Control}]/mu)
      expect(stderr).not.toMatch(CONTROLS)
    }
  },
)

test('an error in a file is one line of the runner in the log', async () => {
  const rule = `/[${FORGED}/`
  const at = await ci.write({ '.lambci.json': JSON.stringify({ branches: { [rule]: true } }) })
  await ci.push(at, 'jobs/forged', 'topic')
  const build = { project: 'gh/jobs/forged', number: 1 }
  expect((await ci.ended(build)).status).toBe('errored')
  const log = await ci.log(build)
  const forged = log.split('\n').filter(line => line.includes('nothing is wrong'))
  expect(forged).toEqual([expect.stringMatching(/^▸ \.lambci\.json: .* is not a valid regular expression/)])
  expect(log).not.toMatch(CONTROLS)
})

const STYLE = '\x1b[8;41m'

/** The output of a command line that gets a signal once it has printed a concealing style, and how it ended. */
async function interrupted(signal: NodeJS.Signals, ...args: string[]) {
  const child = spawn(process.execPath, [LAMBCI, ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
  let isSent = false
  let seen = ''
  child.stdout.on('data', bytes => {
    seen += bytes
    if (isSent || !seen.includes(`${STYLE}concealed`)) return
    isSent = true
    child.kill(signal)
  })
  const [printed, [exitCode, endedBy]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  return { printed, exitCode, endedBy }
}

test('no style is left on the terminal, nor on a line of the runner, when a signal ends what is followed', async () => {
  const gate = ci.gate()
  const cmd = `printf 'x\\033[8;41mconcealed\\n'; ${gate.wait}`
  const at = await ci.write({ '.lambci.json': JSON.stringify({ cmd, branches: { '/.*/': true } }) })
  await ci.push(at, 'jobs/styled', 'topic')
  const build = { project: 'gh/jobs/styled', number: 1 }
  await ci.until('the build', async () => (await ci.view(build)) !== null)
  const follow = ['logs', '-f', 'jobs/styled#1', '--data', join(ci.directory, 'data')]
  const signals = ['SIGINT', 'SIGTERM'] as const
  const followed = await Promise.all(signals.map(signal => interrupted(signal, ...follow)))
  for (const [index, { printed, exitCode, endedBy }] of followed.entries()) {
    expect(printed.slice(printed.indexOf(STYLE))).toBe(`${STYLE}concealed\n\x1b[0m`)
    expect([exitCode, endedBy]).toEqual([null, signals[index]])
  }
  for (const signal of signals) {
    const { printed, exitCode } = await interrupted(signal, 'run', at)
    expect(printed.slice(printed.indexOf(STYLE))).toContain('concealed\n\x1b[0m▸ ')
    expect(exitCode).toBe(1)
  }
  await gate.open()
  await ci.ended(build)
  const { stdout } = await command('logs', 'jobs/styled')
  expect(stdout.slice(stdout.indexOf(STYLE))).toContain('concealed\n\x1b[0m▸ ')
})
