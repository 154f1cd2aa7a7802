import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')

/** What each folder of `src/` may import, beside itself. The three stories may import every folder but `functions` and `cli`. */
const ALLOWED: Record<string, readonly string[]> = {
  model: [],
  records: ['model'],
  aws: ['records'],
  github: ['model'],
  config: ['model'],
  planning: ['model', 'records', 'config'],
  account: ['model', 'records', 'config', 'github', 'notifiers'],
  admission: ['model', 'records', 'aws', 'account'],
  workspace: ['model', 'config'],
  cache: ['model', 'records', 'workspace'],
  results: ['model', 'records', 'workspace', 'cache', 'planning'],
  log: ['model', 'records'],
  command: ['model', 'config', 'planning', 'workspace'],
  deploy: ['model', 'records', 'admission', 'log'],
  notifiers: ['model', 'records', 'aws', 'github', 'config'],
  reporting: ['model', 'records', 'account', 'admission', 'log', 'deploy'],
  pages: ['model', 'records', 'log', 'deploy'],
  functions: [
    ...['model', 'records', 'aws', 'github', 'account', 'admission', 'workspace', 'cache', 'log', 'deploy'],
    ...['notifiers', 'reporting', 'pages'],
  ],
  cli: [
    ...['model', 'records', 'aws', 'github', 'config', 'planning', 'account', 'admission', 'workspace'],
    ...['command', 'log', 'results', 'deploy'],
  ],
}
const STORIES = ['receive-delivery.ts', 'run-job.ts', 'report-build.ts']
const MOST_LINES = 250
const FORBIDDEN_NAMES = /(^|\/)(utils?|helpers?|common|types?|index)(\.ts|\/)/

/** Packages and built-in modules that reach outside of the process or are set up in one place, and the files that may import them. */
const OUTSIDE: Record<string, RegExp> = {
  '@aws-sdk/client-s3': /^aws\/bucket\.ts$/,
  '@aws-sdk/s3-request-presigner': /^aws\/bucket\.ts$/,
  '@aws-sdk/client-sns': /^aws\/topics\.ts$/,
  '@aws-sdk/client-scheduler': /^aws\/scheduler\.ts$/,
  '@aws-sdk/client-lambda': /^aws\/functions\.ts$/,
  '@aws-sdk/client-sts': /^aws\/sts\.ts$/,
  '@aws-sdk/client-cloudformation': /^cli\/commands\/find-stack\.ts$/,
  '@octokit/rest': /^github\/octokit\.ts$/,
  '@octokit/plugin-retry': /^github\/octokit\.ts$/,
  '@octokit/plugin-throttling': /^github\/octokit\.ts$/,
  '@octokit/auth-app': /^github\/app\.ts$/,
  '@octokit/webhooks': /^github\/event\.ts$/,
  '@octokit/webhooks-methods': /^github\/signature\.ts$/,
  '@inquirer/prompts': /^cli\/commands\//,
  '@slack/web-api': /^notifiers\/slack\/client\.ts$/,
  zod: /^model\/zod\.ts$/,
  'simple-git':
    /^workspace\/(run-git|git|fetch|retry-fetch|test-merge|changed-files|commit-files|top-level)\.ts$/,
  execa:
    /^(command\/(output-pipe|probe-shell|run-command)|workspace\/(remove-tree|smoke-test)|cache\/archive|results\/unpack-archive|cli\/.*)\.ts$/,
  'node:fs': /^(workspace|cache|results|command|cli)\//,
  'node:fs/promises': /^(workspace|cache|command|cli)\//,
  'node:os': /^(command|cli)\//,
  'node:net': /^command\/(output-pipe|blocking-writer)\.ts$/,
  'node:http': /^$/,
  'node:child_process': /^$/,
  'node:sqlite': /^$/,
}

type Import = { from: string; to: string }

const sources = (folder: string) => globSync('**/*.ts', { cwd: join(ROOT, folder) }).toSorted()

/** The imports of the files of a folder; relative ones as paths from the root. */
function importsOf(folder: string): Import[] {
  return sources(folder).flatMap(file => {
    const from = join(folder, file)
    const text = readFileSync(join(ROOT, from), 'utf8')
    const specifiers = text.matchAll(/(?:^|\n)(?:import|export)\s[^'"]*?from '([^']+)'|import\('([^']+)'\)/g)
    return [...specifiers].map(([, fixed, lazy]) => {
      const to = fixed ?? lazy ?? ''
      return { from, to: to.startsWith('.') ? relative(ROOT, join(ROOT, dirname(from), to)) : to }
    })
  })
}

const imports = importsOf('src')
const inside = imports.filter(({ to }) => to.startsWith('src/'))
const folderOf = (path: string) => (/^src\/([^/]+)\//.exec(path) ?? [])[1] ?? null
const show = ({ from, to }: Import) => `${from} → ${to}`

test('imports are found', () => {
  expect(inside.length).toBeGreaterThan(200)
  expect(inside).toContainEqual({ from: 'src/run-job.ts', to: 'src/records/run-recorder.ts' })
})

test('every file is a story or in a declared folder', () => {
  const orphans = sources('src').filter(file => {
    const [first = '', ...rest] = file.split('/')
    return rest.length > 0 ? !(first in ALLOWED) : !STORIES.includes(first)
  })
  expect(orphans).toEqual([])
})

test('a folder imports only what it may, and stories are imported by functions alone', () => {
  const wrong = inside.filter(({ from, to }) => {
    const [here, there] = [folderOf(from), folderOf(to)]
    if (there === null) return here !== 'functions'
    if (here === null) return ['functions', 'cli'].includes(there)
    return here !== there && !ALLOWED[here]?.includes(there)
  })
  expect(wrong.map(show)).toEqual([])
})

test('every allowed import is used', () => {
  const used = new Set(inside.map(({ from, to }) => `${folderOf(from)} → ${folderOf(to)}`))
  const unused = Object.entries(ALLOWED).flatMap(([here, allowed]) =>
    allowed.map(there => `${here} → ${there}`).filter(edge => !used.has(edge)),
  )
  expect(unused).toEqual([])
})

test('only `lambci local` imports the loopback servers', () => {
  const wrong = imports.filter(
    ({ from, to }) => to.startsWith('loopback/') && !/^src\/cli\/commands\/local/.test(from),
  )
  expect(wrong.map(show)).toEqual([])
})

test('only `lambci up` and `lambci down` import the deployment', () => {
  const deploying = imports.filter(({ to }) => to.startsWith('scripts/'))
  expect(deploying.map(show)).not.toEqual([])
  const wrong = deploying.filter(
    ({ from }) => !/^src\/cli\/commands\/(up|deployment-commands)\.ts$/.test(from),
  )
  expect(wrong.map(show)).toEqual([])
})

test('every server on loopback is opened in one place, which refuses requests of pages from elsewhere', () => {
  const wrong = sources('loopback')
    .filter(file => !file.startsWith('test/') && file !== 'loopback.ts')
    .filter(file =>
      /\bcreate(Secure)?Server\b|\bnew Server\b|\.listen\(/.test(
        readFileSync(join(ROOT, 'loopback', file), 'utf8'),
      ),
    )
  expect(wrong).toEqual([])
})

test('nothing imports itself by way of others', () => {
  const next = Map.groupBy([...inside, ...importsOf('loopback')], ({ from }) => from)
  const done = new Set<string>()
  const cycles: string[] = []
  const walk = (file: string, path: string[]) => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' → '))
    if (done.has(file) || path.includes(file)) return
    for (const { to } of next.get(file) ?? []) walk(to, [...path, file])
    done.add(file)
  }
  for (const file of next.keys()) walk(file, [])
  expect(cycles).toEqual([])
})

test('only the files named for it reach outside of the process', () => {
  const wrong = imports.filter(({ from, to }) => {
    const isOutside = /^(@aws-sdk|@octokit|simple-git|execa)/.test(to) || to in OUTSIDE
    return isOutside && !OUTSIDE[to]?.test(from.slice('src/'.length))
  })
  expect(wrong.map(show)).toEqual([])
})

test('commands use the streams and variables of their `io`, so that they run in any process', () => {
  const wrong = sources('src/cli').filter(file => {
    const text = readFileSync(join(ROOT, 'src/cli', file), 'utf8')
    // `main` connects the process to them.
    const commands = text.replace(/export async function main\(.*?\n}\n/s, '')
    return /\bconsole\.|\bprocess\.(stdin|stdout|stderr|env|exit|exitCode)\b/.test(commands)
  })
  expect(wrong).toEqual([])
})

test('commands print through `io.ts` alone, which keeps what others have written from the terminal', () => {
  const wrong = sources('src/cli')
    .filter(file => file !== 'io.ts')
    .filter(file => {
      const text = readFileSync(join(ROOT, 'src/cli', file), 'utf8')
      return /\bstd(out|err)\.(write|end)\(|\.pipe\(/.test(
        text.replace(/export async function main\(.*?\n}\n/s, ''),
      )
    })
  expect(wrong).toEqual([])
})

test(`no file has a name that says nothing, or more than ${MOST_LINES} lines`, () => {
  const files = ['src', 'loopback']
    .flatMap(folder => sources(folder).map(file => join(folder, file)))
    .filter(file => !file.startsWith('loopback/test/') && file !== 'src/pages/browser-script.ts')
  expect(files.filter(file => FORBIDDEN_NAMES.test(file))).toEqual([])
  const long = files.filter(
    file => readFileSync(join(ROOT, file), 'utf8').split('\n').length - 1 > MOST_LINES,
  )
  expect(long).toEqual([])
})
