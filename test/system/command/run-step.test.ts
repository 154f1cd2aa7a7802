import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runStep, type Step } from '../../../src/command/run-step.ts'
import { BuildLog } from '../../../src/log/build-log.ts'
import { createSink } from '../../../src/log/sink.ts'
import { logOutlineSchema } from '../../../src/model/log-outline.ts'
import { toShellText } from '../../../src/planning/shell-text.ts'
import { jobKeys } from '../../../src/records/keys.ts'
import { openMemoryStore } from '../../support/memory-store.ts'

/** Runs a step in a real shell. Returns its log, the phases in it, how it ended, and the last lines of the output that counts. */
async function run(step: Partial<Step>, directory = tmpdir()) {
  const store = openMemoryStore()
  const keys = jobKeys({ project: 'gh/ada/web', number: 1 }).log
  const log = new BuildLog(createSink(store, keys), ['s3cr3t-word'], {
    limitBytes: 2 ** 30,
    uploadMs: 60_000,
  })
  await log.writeLine('Fetching')
  const { exit, output, reason } = await runStep(
    { name: 'command', timeoutSeconds: null, isStrict: true, setup: null, command: 'true', ...step },
    {
      ...{ directory, env: { PATH: process.env.PATH ?? '' } },
      ...{ deadline: Date.now() + 30_000, graceMs: 100 },
    },
    log,
  )
  const { outline } = await log.end()
  const text = String(Buffer.from((await store.get(keys.whole))?.body ?? new Uint8Array()))
  const phases = outline.phases.map(([kind, line]) => `${kind} ${line}`)
  return { outline, lines: text.trimEnd().split('\n'), phases, exit, reason, last: output.lastLines(10, 200) }
}

test('the log has each command before its output, and a phase for each', async () => {
  const { lines, phases, last } = await run({ setup: 'echo installed', command: 'echo tested' })
  expect(lines).toEqual([
    ...['▸ Fetching', '▸ $ echo installed', 'installed', '▸ $ echo tested', 'tested'],
    '▸ echo tested ended with exit code 0',
  ])
  expect(phases).toEqual(['fetch 1', 'setup 2', 'command 4', 'results 6'])
  // The output of a setup that succeeded explains no failure.
  expect(last).toEqual(['tested'])
})

test.each(['command', 'deploy'] as const)(
  'each command of a list is a phase of a %s, and the one that failed is named and explains it',
  async name => {
    const text = toShellText(
      ['echo linting', 'echo broken s3cr3t-word; (exit 2)', 'echo not reached'],
      ['A=1', 'printf $A'],
      true,
    )
    const { lines, phases, reason, last } = await run({ name, ...text })
    expect(lines).toEqual([
      ...['▸ Fetching', '▸ $ A=1', '▸ $ printf $A', '1', '▸ $ echo linting', 'linting'],
      ...['▸ $ echo broken ***; (exit 2)', 'broken ***'],
      '▸ echo broken ***; (exit 2) ended with exit code 2',
    ])
    expect(phases).toEqual(['fetch 1', 'setup 2', 'setup 3', `${name} 5`, `${name} 7`, 'results 9'])
    expect(reason).toBe('echo broken ***; (exit 2) ended with exit code 2')
    expect(last).toEqual(['broken ***'])
  },
)

test.each<[string[], string[]]>([
  [['set +e', 'echo broken; (exit 2)', 'code=$?', 'exit $code'], ['broken']],
  [['set +e', 'echo broken; (exit 2)', 'code=$?', 'echo later', 'exit $code'], ['later']],
  [['echo fine', 'exit 2; echo'], []],
  [['echo fine', 'x=$(exit 2)'], []],
  [['trap "echo late" EXIT', 'echo broken', 'exit 2'], ['broken']],
  [['trap "echo late" EXIT', 'exit 2'], ['late']],
  [['echo fine', 'trap "echo late" EXIT', '(exit 2) | cat'], ['late']],
  [['exit 2', 'echo not reached'], []],
])('an exit code that %j pass on is explained by the output before', async (command, expected) => {
  const { last, exit } = await run(toShellText(command, ['echo installed'], true))
  expect([last, exit]).toEqual([expected, { kind: 'exited', code: 2 }])
})

test('a hundred commands before a hundred fit into an outline', async () => {
  const hundred = Array.from({ length: 100 }, (_, at) => `echo ${at}`)
  const { outline } = await run({ ...toShellText(hundred, hundred, true) })
  expect(logOutlineSchema.parse(outline).phases).toHaveLength(202)
})

test('without a setup nothing changes', async () => {
  const { lines, phases } = await run({ command: 'echo tested' })
  expect(lines.slice(1)).toEqual(['▸ $ echo tested', 'tested', '▸ echo tested ended with exit code 0'])
  expect(phases).toEqual(['fetch 1', 'command 2', 'results 4'])
})

test('a setup that fails is the last that the log has, and its output counts', async () => {
  const { lines, phases, exit, last } = await run({ setup: 'echo broken; exit 3', command: 'echo tested' })
  expect(exit).toEqual({ kind: 'exited', code: 3 })
  expect(lines.slice(1, 3)).toEqual(['▸ $ echo broken; exit 3', 'broken'])
  expect(lines.join('\n')).not.toContain('▸ $ echo tested')
  expect([phases, last]).toEqual([['fetch 1', 'setup 2', 'results 4'], ['broken']])
})

test.each<[string, Partial<Step>, string[]]>([
  [
    'an output without an end of line',
    { setup: 'printf a', command: 'printf b' },
    ['▸ $ printf a', 'a', '▸ $ printf b', 'b'],
  ],
  [
    'a deploy',
    { name: 'deploy', setup: 'echo a', command: 'echo b' },
    ['▸ $ echo a', 'a', '▸ $ echo b', 'b'],
  ],
  [
    'a command that is not strict',
    { isStrict: false, setup: 'echo a', command: 'false; echo $?' },
    ['▸ $ echo a', 'a', '▸ $ false; echo $?', '1'],
  ],
  [
    'a secret on both sides',
    { setup: 'echo s3cr3t-word', command: 'echo s3cr3t-word' },
    ['▸ $ echo ***', '***', '▸ $ echo ***', '***'],
  ],
  [
    'a setup that closes stderr',
    { setup: 'echo a; exec 2>&-', command: 'echo b' },
    ['▸ $ echo a; exec 2>&-', 'a', '▸ $ echo b', 'b'],
  ],
])('the seam is right with %s', async (_, step, expected) => {
  const { lines, exit } = await run(step)
  expect(exit).toEqual({ kind: 'exited', code: 0 })
  expect(lines.slice(1, 1 + expected.length)).toEqual(expected)
})

test('a setup that traces its commands leaves no mark in the log', async () => {
  const { lines, phases, last } = await run({ setup: 'set -x; echo a', command: 'echo b' })
  expect(lines.join('\n')).not.toMatch(/lambci[0-9a-f]{32}/)
  expect(lines.filter(line => line.startsWith('▸ $'))).toEqual(['▸ $ set -x; echo a', '▸ $ echo b'])
  expect(last.at(-1)).toBe('b')
  expect(phases).toHaveLength(4)
})

test('the mark reaches no file that a setup writes to, and no environment', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'lambci-seam-'))
  await run({ setup: 'exec > out.txt; echo a', command: 'env > env.txt; set > set.txt; echo b' }, directory)
  expect(await readFile(join(directory, 'out.txt'), 'utf8')).toBe('a\nb\n')
  expect(await readFile(join(directory, 'env.txt'), 'utf8')).not.toMatch(/lambci[0-9a-f]{32}/)
  await rm(directory, { recursive: true })
})
