import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * `npm run terminal`: runs commands in a separate terminal and draws their output, as it appears, into `docs/images/terminal.svg`. Needs
 * `script` of util-linux.
 */
const ROOT = join(import.meta.dirname, '..')
const TARGET = join(ROOT, 'docs', 'images', 'terminal.svg')
const LAMBCI = join(ROOT, 'bin', 'lambci.js')

const COLUMNS = 92
const ROWS = 26
const LINE_HEIGHT = 18
const CHARACTER_WIDTH = 8.4
const PADDING = 16
/** Seconds before a command is typed, and after the last line. */
const PAUSE_SECONDS = 1
const LAST_PAUSE_SECONDS = 6
/** The end of the output of `lambci local`: the help for a second terminal. */
const END = /To build your own repository/

const COMMANDS = ['lambci init', 'lambci run', 'lambci local --once']
const PROJECT = {
  'package.json':
    '{ "name": "hello", "version": "1.0.0", "scripts": { "test": "node --test --test-reporter=spec" } }\n',
  'package-lock.json':
    '{ "name": "hello", "version": "1.0.0", "lockfileVersion": 3, "packages": { "": { "name": "hello", "version": "1.0.0" } } }\n',
  'hello.test.js': "require('node:test')('says hello', () => {})\n",
}

const COLOURS: Readonly<Record<string, string>> = {
  '1': 'b',
  '2': 'd',
  '31': 'r',
  '32': 'g',
  '33': 'y',
  '34': 'u',
  '36': 'c',
  '90': 'd',
}

const ESCAPE = '\u001b'
const SEQUENCE = `${ESCAPE}\\[[\\d;?]*[A-Za-z]`

type Line = { seconds: number; text: string }

/** Runs a command in a terminal. Returns its lines with the seconds from its start. */
async function record(command: string, cwd: string, home: string): Promise<Line[]> {
  const start = performance.now()
  const inTerminal = `stty cols ${COLUMNS} rows ${ROWS}; ${command.replace('lambci', `'${process.execPath}' '${LAMBCI}'`)}`
  const child = spawn('script', ['-qefc', inTerminal, '/dev/null'], {
    cwd,
    env: { PATH: process.env.PATH, HOME: home, TERM: 'xterm-256color', LANG: 'C.UTF-8' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: Line[] = []
  let rest = ''
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    const seconds = (performance.now() - start) / 1000
    const parts = (rest + chunk).split(/\r?\n/)
    rest = parts.pop() ?? ''
    // After a carriage return, the line is written again.
    for (const part of parts) lines.push({ seconds, text: part.split('\r').at(-1) ?? '' })
  }
  const end = lines.findIndex(({ text }) => END.test(text))
  return (end === -1 ? lines : lines.slice(0, end)).filter(
    ({ text }, index, all) => text !== '' || all[index - 1]?.text !== '',
  )
}

/** Wraps a line as a terminal does. Escape sequences take no room. */
function wrap({ seconds, text }: Line): Line[] {
  const pieces: Line[] = []
  let piece = ''
  let width = 0
  for (const [unit] of text.matchAll(new RegExp(`${SEQUENCE}|[\\s\\S]`, 'gu'))) {
    if (!unit.startsWith(ESCAPE)) {
      if (width === COLUMNS) {
        pieces.push({ seconds, text: piece })
        piece = ''
        width = 0
      }
      width += 1
    }
    piece += unit
  }
  return [...pieces, { seconds, text: piece }]
}

const escapeXml = (text: string) =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/[^\P{Cc}]/gu, '')

/** Draws a line with its colours. */
function draw(text: string): string {
  let classes = ''
  return text
    .split(new RegExp(`(${SEQUENCE})`))
    .map(part => {
      if (!part.startsWith(ESCAPE)) {
        if (part === '') return ''
        return classes === '' ? escapeXml(part) : `<tspan class="${classes}">${escapeXml(part)}</tspan>`
      }
      if (part.endsWith('m')) {
        const codes = part.slice(2, -1).split(';')
        classes = codes.flatMap(code => COLOURS[code] ?? []).join(' ')
      }
      return ''
    })
    .join('')
}

/** An SVG in which each line appears at its time, again and again. Without animation, it shows the end. */
function picture(lines: readonly Line[]): string {
  const total = (lines.at(-1)?.seconds ?? 0) + LAST_PAUSE_SECONDS
  const at = (seconds: number) => (seconds / total).toFixed(4)
  const width = Math.ceil(COLUMNS * CHARACTER_WIDTH + 2 * PADDING)
  const height = ROWS * LINE_HEIGHT + 2 * PADDING
  const offsets = lines.map((_, index) => -Math.max(0, index + 1 - ROWS) * LINE_HEIGHT)
  const timing = `dur="${total.toFixed(2)}s" repeatCount="indefinite" calcMode="discrete"`
  const rows = lines.map(({ seconds, text }, index) => {
    const y = PADDING + (index + 0.75) * LINE_HEIGHT
    return `<text x="${PADDING}" y="${y}">${draw(text)}<animate attributeName="opacity" values="0;1" keyTimes="0;${at(seconds)}" ${timing}/></text>`
  })
  const scroll = `<animateTransform attributeName="transform" type="translate" values="0 0;${offsets.map(offset => `0 ${offset}`).join(';')}" keyTimes="0;${lines.map(({ seconds }) => at(seconds)).join(';')}" ${timing}/>`
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<title>A terminal that runs ${COMMANDS.join(', ')}</title>
<style>
text { font: 14px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #d0d7de; white-space: pre }
.b { font-weight: bold } .d { fill: #8b949e } .r { fill: #ff7b72 } .g { fill: #3fb950 } .y { fill: #d29922 } .u { fill: #79c0ff } .c { fill: #39c5cf }
</style>
<clipPath id="screen"><rect width="${width}" height="${height - PADDING}"/></clipPath>
<rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>
<g clip-path="url(#screen)"><g transform="translate(0 ${offsets.at(-1)})">
${rows.join('\n')}
${scroll}
</g></g>
</svg>
`
}

async function main(): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'terminal-'))
  const project = join(home, 'hello')
  try {
    await mkdir(project)
    for (const [name, text] of Object.entries(PROJECT)) await writeFile(join(project, name), text)
    const lines: Line[] = []
    let now = PAUSE_SECONDS
    for (const command of COMMANDS) {
      const printed = await record(command, project, home)
      lines.push({ seconds: now, text: `${ESCAPE}[1m$ ${command}${ESCAPE}[0m` })
      const start = now + PAUSE_SECONDS / 2
      for (const { seconds, text } of printed)
        lines.push(...wrap({ seconds: start + seconds, text: text.replaceAll(home, '~') }))
      now = (lines.at(-1)?.seconds ?? now) + PAUSE_SECONDS
      lines.push({ seconds: now - PAUSE_SECONDS / 2, text: '' })
    }
    await writeFile(TARGET, picture(lines.slice(0, -1)))
    process.stdout.write(`${TARGET}: ${lines.length} lines, ${now.toFixed(1)} s\n`)
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

await main()
