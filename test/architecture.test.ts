import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'

const SRC = join(import.meta.dirname, '..', 'src')

/** In the order in which data flows: a room imports only from those before it. */
const ROOMS = [
  ...['webhook', 'github', 'job', 'build', 'admission', 'workspace', 'config', 'plan', 'command', 'log'],
  ...['deploy', 'report', 'pages', 'account', 'local', 'entry'],
]
const STORIES = ['receive-delivery.ts', 'run-job.ts', 'report-build.ts']
/** Of no room, and for all of them. */
const FOUNDATION = ['problem.ts']
const FORBIDDEN_NAMES = /(^|\/)(utils?|helpers?|common|types?|index)(\.ts|\/)/

/** What reaches outside of the process, and who may. The servers of `local/` are all about it. */
const OUTSIDE: Record<string, RegExp> = {
  '@aws-sdk/client-s3': /^build\/store\.ts$/,
  '@aws-sdk/s3-request-presigner': /^build\/store\.ts$/,
  '@aws-sdk/client-sns': /^(admission\/topic|report\/sns|entry\/system\/servers)\.ts$/,
  '@aws-sdk/client-scheduler': /^admission\/switch\.ts$/,
  '@aws-sdk/client-sts': /^(admission\/credentials|deploy\/assume-role)\.ts$/,
  '@aws-sdk/client-cloudformation': /^entry\/commands\/find-stack\.ts$/,
  '@octokit/rest': /^github\/octokit\.ts$/,
  '@octokit/plugin-retry': /^github\/octokit\.ts$/,
  '@octokit/plugin-throttling': /^github\/octokit\.ts$/,
  '@octokit/auth-app': /^github\/app\.ts$/,
  '@inquirer/prompts': /^entry\/commands\//,
  yaml: /^entry\/system\/template\.ts$/,
  '@slack/web-api': /^report\/slack\.ts$/,
  '@octokit/webhooks': /^webhook\/signature\.ts$/,
  'simple-git': /^workspace\/(run-git|git|changed-files)\.ts$/,
  execa:
    /^(command\/(output-pipe|run-command)|workspace\/(remove-tree|cache-archive)|entry\/.*|local\/github\/git)\.ts$/,
  'node:fs': /^(workspace|command|local|entry)\//,
  'node:fs/promises': /^(workspace|command|local|entry)\//,
  'node:os': /^(command|entry)\//,
  'node:net': /^(command\/output-pipe\.ts|local\/)/,
  'node:http': /^local\//,
  'node:child_process': /^local\//,
  'node:sqlite': /^local\//,
}

type Import = { from: string; to: string }

const files = globSync('**/*.ts', { cwd: SRC }).sort()
const imports: Import[] = files.flatMap(from => {
  const text = readFileSync(join(SRC, from), 'utf8')
  const specifiers = text.matchAll(/(?:^|\n)(?:import|export)\s[^'"]*?from '([^']+)'|import\('([^']+)'\)/g)
  return [...specifiers].map(([, fixed, lazy]) => ({ from, to: fixed ?? lazy ?? '' }))
})
const inside = imports
  .filter(({ to }) => to.startsWith('.'))
  .map(({ from, to }) => ({ from, to: relative(SRC, join(SRC, dirname(from), to)) }))

const roomOf = (file: string) => (file.includes('/') ? (file.split('/')[0] ?? '') : null)
const show = ({ from, to }: Import) => `${from} → ${to}`

test('the reading of imports finds them', () => {
  expect(inside.length).toBeGreaterThan(200)
  expect(inside).toContainEqual({ from: 'run-job.ts', to: 'build/course.ts' })
  expect(inside).toContainEqual({ from: 'entry/cli.ts', to: 'entry/commands/local.ts' })
})

test('every file is in a room, a story, or the foundation', () => {
  const strays = files.filter(file => {
    const room = roomOf(file)
    return room ? !ROOMS.includes(room) : ![...STORIES, ...FOUNDATION].includes(file)
  })
  expect(strays).toEqual([])
})

test('rooms import only from rooms before them, stories from any but local/ and entry/', () => {
  const wrong = inside.filter(({ from, to }) => {
    const [here, there] = [roomOf(from), roomOf(to)]
    if (FOUNDATION.includes(to)) return false
    // A story is told by the ways in alone.
    if (there === null) return here !== 'entry'
    if (here === null) return FOUNDATION.includes(from) || ['local', 'entry'].includes(there)
    return ROOMS.indexOf(there) > ROOMS.indexOf(here)
  })
  expect(wrong.map(show)).toEqual([])
})

test('nothing imports itself by a way around', () => {
  const next = Map.groupBy(inside, ({ from }) => from)
  const done = new Set<string>()
  const cycles: string[] = []
  const walk = (file: string, path: string[]) => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' → '))
    if (done.has(file) || path.includes(file)) return
    for (const { to } of next.get(file) ?? []) walk(to, [...path, file])
    done.add(file)
  }
  for (const file of files) walk(file, [])
  expect(cycles).toEqual([])
})

test('only the files named for it touch the outside', () => {
  const wrong = imports.filter(({ from, to }) => {
    const isOutside = /^(@aws-sdk|@octokit|simple-git|execa)/.test(to) || to in OUTSIDE
    return isOutside && !OUTSIDE[to]?.test(from)
  })
  expect(wrong.map(show)).toEqual([])
})

test('no file is named after what it is not about, and none is longer than 200 lines', () => {
  expect(files.filter(file => FORBIDDEN_NAMES.test(file))).toEqual([])
  const lengths = files.map(
    file => [file, readFileSync(join(SRC, file), 'utf8').split('\n').length - 1] as const,
  )
  expect(lengths.filter(([, length]) => length > 200)).toEqual([])
})
