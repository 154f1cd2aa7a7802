import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { createProgram } from '../src/cli/cli.ts'
import type { Io } from '../src/cli/io.ts'
import { parseJson } from '../src/config/json.ts'
import { parseLayer } from '../src/config/layer.ts'
import { layerSchema } from '../src/config/schema.ts'

const ROOT = join(import.meta.dirname, '..')
const FROM_ELSEWHERE = 'docs/from-elsewhere.md'

const documents = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter(path => path !== '' && !/^(test|loopback\/test)\//.test(path))
const textOf = (path: string) => readFileSync(join(ROOT, path), 'utf8')

type Block = { language: string; text: string }
const FENCE = /^( *)```(\w*)\n([\s\S]*?)^ *```/gm
const blocksOf = (text: string): Block[] =>
  [...text.matchAll(FENCE)].map(([, , language = '', code = '']) => ({ language, text: code }))
const withoutBlocks = (text: string) => text.replace(FENCE, '')
const inlineCode = (text: string) =>
  [...withoutBlocks(text).matchAll(/(`+)([^\n]*?[^`\n])\1(?!`)/g)].map(([, , code = '']) => code.trim())

/** The anchor that GitHub makes of a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
const anchorsIn = (path: string) =>
  [...withoutBlocks(textOf(path)).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading))

/** Targets of links and pictures that are not URLs. */
function brokenLinks(path: string): string[] {
  const prose = withoutBlocks(textOf(path)).replace(/`[^`\n]*`/g, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter(target => !/^https?:/.test(target))
    .filter(target => {
      const [file = '', anchor] = target.split('#')
      const linked = file === '' ? path : join(dirname(path), file)
      if (!existsSync(join(ROOT, linked))) return true
      if (anchor === undefined) return false
      return statSync(join(ROOT, linked)).isDirectory() || !anchorsIn(linked).includes(anchor)
    })
}

/** Keys that only a .lambci.json has at its top level. */
const CONFIGURATION = [
  'cmd',
  'jobs',
  'setup',
  'stages',
  'deploy',
  'branches',
  'pullRequests',
  'cache',
  'paths',
]
const isConfiguration = (value: unknown) =>
  typeof value === 'object' && value !== null && CONFIGURATION.some(key => key in value)
/** A job, which pages show without the rest. */
const isJob = (value: unknown) =>
  typeof value === 'object' && value !== null && ['shards', 'matrix', 'needs'].some(key => key in value)

function requireValidConfiguration(json: string): void {
  const value = parseJson('document', json)
  const layer = isJob(value) ? JSON.stringify({ jobs: { job: value } }) : json
  parseLayer(layerSchema, { name: 'document', path: [] }, parseJson('document', layer))
}

const sink = () => new Writable({ write: (_chunk, _encoding, written) => written() })
const io: Io = {
  stdin: Readable.from([]),
  stdout: sink(),
  stderr: sink(),
  env: {},
  cwd: () => '/nowhere',
}

/** As a shell splits them. */
const words = (line: string) =>
  [...line.matchAll(/(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s"'])+/g)].map(([word]) => word.replace(/["']/g, ''))

/** Parses a command line with the real parser, and runs nothing. Returns commander's error code; null if there is none. */
async function parseCommand(line: string): Promise<string | null> {
  const program = createProgram(io, () => {})
  const prepare = (command: Command): void => {
    command.exitOverride()
    command.action(() => {})
    for (const each of command.commands) prepare(each)
  }
  for (const command of program.commands) prepare(command)
  try {
    await program.parseAsync(words(line).slice(1), { from: 'user' })
    return null
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}

/** The commands of a shell script, without comments, redirections and what follows. */
const commandsIn = (script: string) =>
  script
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
    .flatMap(line => line.replace(/(^|\s)#\s.*$/, '').split(/&&|\|\||\||;(?=\s)/))
    .map(command => command.replace(/\s[<>]+\s*\S+/g, '').trim())
    .filter(command => /^lambci\s/.test(command))

/** Commands that prose shows may lack arguments: it explains them. */
const ALLOWED_IN_PROSE = [
  'commander.optionMissingArgument',

  'commander.missingArgument',
  'commander.helpDisplayed',
  'commander.version',
  'commander.help',
]
/** Files that a document shows how to add. */
const WRITTEN_BY_READERS = /NAME|^src\/notifiers\/discord\/|^image\/toolchain\.sh$/
/** Their paths are those of users' repositories, or of an earlier state of this one. */
const DESCRIBES_OTHERS = /^(CHANGELOG\.md$|examples\/|docs\/decisions\/)/
const ALLOWED_IN_SCRIPTS = ['commander.helpDisplayed', 'commander.version']

describe.each(documents)('%s', path => {
  const text = textOf(path)

  test('links lead to files and headings', () => {
    expect(brokenLinks(path)).toEqual([])
  })

  test('JSON can be parsed, and configurations are valid', () => {
    for (const { language, text: code } of blocksOf(text)) {
      if (language !== 'json') continue
      for (const line of code.includes('}\n{') ? code.trim().split('\n') : [code]) {
        const value: unknown = JSON.parse(line)
        if (isConfiguration(value) || isJob(value))
          expect(() => requireValidConfiguration(line)).not.toThrow()
      }
    }
  })

  test('commands are parsed by the command line', async () => {
    for (const { language, text: code } of blocksOf(text)) {
      if (!['sh', 'bash'].includes(language)) continue
      for (const command of commandsIn(code)) {
        const error = await parseCommand(command)
        if (!ALLOWED_IN_SCRIPTS.includes(error ?? '')) expect([command, error]).toEqual([command, null])
      }
    }
    for (const code of inlineCode(text).flatMap(commandsIn)) {
      const error = await parseCommand(code)
      if (!ALLOWED_IN_PROSE.includes(error ?? '')) expect([code, error]).toEqual([code, null])
    }
  })

  test('paths of this repository exist', () => {
    const paths = inlineCode(text).filter(code =>
      /^(src|loopback|scripts|docs|image|cloudformation|test)\/[\w/.-]+$/.test(code),
    )
    const missing = paths.filter(
      code =>
        ![ROOT, join(ROOT, dirname(path))].some(base => existsSync(join(base, code))) &&
        !WRITTEN_BY_READERS.test(code),
    )
    if (!DESCRIBES_OTHERS.test(path)) expect(missing).toEqual([])
  })
})

test.each(['README.md', 'CONTRIBUTING.md', 'docs/performance.md', 'docs/reliability.md'])(
  'npm scripts in %s exist',
  path => {
    const { scripts } = JSON.parse(textOf('package.json'))
    for (const [, script] of textOf(path).matchAll(/\bnpm run ([a-z][\w:-]*)/g))
      expect(Object.keys(scripts)).toContain(script)
  },
)

describe('docs/from-elsewhere.md', () => {
  const rows = textOf(FROM_ELSEWHERE)
    .split('\n')
    .filter(line => line.startsWith('| ') && !line.startsWith('| you want'))
    .map(line =>
      line
        .split('|')
        .slice(1, -1)
        .map(cell => cell.trim()),
    )

  test('has at least 25 rows, each with an answer', () => {
    expect(rows.length).toBeGreaterThanOrEqual(25)
    for (const row of rows) {
      expect(row).toHaveLength(6)
      expect(row.at(-1)).toMatch(/`|\*\*not here\*\*|\]\(|always/)
    }
  })

  test.each(rows.map(row => [row[0] ?? '', row.at(-1) ?? '']))('%s: the right side is valid', (_, answer) => {
    for (const code of inlineCode(answer))
      if (code.startsWith('{')) expect(() => requireValidConfiguration(code)).not.toThrow()
  })
})
