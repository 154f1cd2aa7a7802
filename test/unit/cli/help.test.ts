import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { createProgram, run } from '../../../src/cli/cli.ts'
import { EXIT } from '../../../src/cli/exit-codes.ts'
import type { Io } from '../../../src/cli/io.ts'

function collect() {
  const chunks: string[] = []
  const sink = new Writable({
    write: (chunk, _, written) => {
      chunks.push(String(chunk))
      written()
    },
  })
  const io: Io = { stdin: Readable.from([]), stdout: sink, stderr: sink, env: {}, cwd: () => '/nowhere' }
  return { io, text: () => chunks.join('') }
}

/** The commands that do something, by their words, without what they do. */
function leaves(command: Command, name = ''): { name: string; command: Command }[] {
  const all = command.commands.flatMap(each => leaves(each, `${name} ${each.name()}`.trim()))
  const isLeaf = command.commands.length === 0 || command.registeredArguments.length > 0
  return [...(name !== '' && isLeaf ? [{ name, command }] : []), ...all]
}

test('--help has every command in a group', async () => {
  const { io, text } = collect()
  expect(await run(['--help'], io)).toBe(EXIT.done)
  const groups = ['On this machine:', 'Builds:', 'Deploys:', 'The stack and its repositories:']
  expect([...text().matchAll(/^(\S.*:)$/gm)].map(([, heading]) => heading)).toEqual(
    expect.arrayContaining(groups),
  )
  const { commands } = createProgram(io, () => {})
  for (const command of commands)
    expect([command.name(), groups]).toEqual([command.name(), expect.arrayContaining([command.helpGroup()])])
})

test('every command has examples, which are parsed as the commands are', async () => {
  for (const { name } of leaves(createProgram(collect().io, () => {}))) {
    const { io, text } = collect()
    await run([...name.split(' '), '--help'], io)
    const [, examples = ''] = text().split('Examples:\n')
    const lines = examples.split('\n').filter(line => line.startsWith('  '))
    expect([name, lines.length]).toEqual([name, expect.toSatisfy((count: number) => count > 0)])
    for (const line of lines) {
      const [, typed = ''] = /(lambci .*)$/.exec(line) ?? []
      expect(typed.startsWith(`lambci ${name}`)).toBe(true)
      const program = createProgram(io, () => {})
      let parsed = ''
      for (const leaf of leaves(program))
        leaf.command.action(() => {
          parsed = leaf.name
        })
      const [command = ''] = typed.split(' > ')
      await program.parseAsync(words(command).slice(1), { from: 'user' })
      expect(parsed).toBe(name)
    }
  }
})

/** As a shell splits them. */
const words = (line: string) =>
  [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, plain]) => double ?? single ?? plain ?? '',
  )

test('the exit codes are those of the table in docs/commands.md', () => {
  const docs = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'commands.md'), 'utf8')
  const [, section = ''] = docs.split('\n## Exit codes\n')
  const codes = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| (\d+) \|/gm)].map(([, code]) =>
    Number(code),
  )
  expect(codes).toEqual(Object.values(EXIT))
})

test('wrong use and a fault of the program have codes of their own', async () => {
  const { io } = collect()
  expect(await run(['nosuch'], io)).toBe(EXIT.usage)
  const broken: Io = {
    ...io,
    cwd: () => {
      throw new Error('a fault')
    },
  }
  expect(await run(['builds', '--data', 'x'], broken)).toBe(EXIT.fault)
})
