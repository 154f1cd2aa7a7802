import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CacheSpec } from '../../../src/cache/cache.ts'
import { Caches } from '../../../src/cache/caches.ts'
import { WarmCache } from '../../../src/cache/warm-cache.ts'
import type { Build } from '../../../src/model/build.ts'
import { openSandbox } from '../../../src/workspace/sandbox.ts'
import { type Rule, startFaultProxy } from '../../faults/fault-proxy.ts'
import { type Bucket, keysIn, openAt, openDirectBucket } from '../../support/bucket.ts'
import { applyChanges, changes, describeTree, NAMES } from '../../support/file-tree.ts'
import { HOSTILE_ARCHIVES, LEFT_TO_CACHES } from '../../support/hostile-archives.ts'
import { makeBuild } from '../../support/records.ts'

let bucket: Bucket
let root: string
let proxy: Awaited<ReturnType<typeof startFaultProxy>>
const rules: Rule[] = []
beforeAll(async () => {
  bucket = await openDirectBucket()
  root = await mkdtemp(join(tmpdir(), 'caches-'))
  proxy = await startFaultProxy(rules)
  proxy.setTarget(bucket.url)
})
afterAll(async () => {
  await proxy.close()
  await bucket.close()
  execFileSync('chmod', ['-R', 'u+rwX', root])
  await rm(root, { recursive: true, force: true })
})

/** A machine with a sandbox, which keeps caches from build to build. */
class Machine {
  readonly directory: string
  readonly warmCache: WarmCache
  constructor(name: string) {
    this.directory = join(root, name)
    this.warmCache = new WarmCache(this.directory, 100_000_000)
  }
}
/** More with `CACHE_RUNS`. */
const RUNS = Number(process.env.CACHE_RUNS ?? 6)
let machines = 0
const newMachine = () => new Machine(`machine-${++machines}`)

type Command = (paths: { state: string; workspace: string }) => unknown
const nothing: Command = () => {}
/** With a URL, every request goes there. */
type Options = { spec?: CacheSpec; change?: Partial<Build>; stage?: string | null; url?: string }

/** A repository's builds, on any machine. */
function openRepository(
  name: string,
  { spec = { paths: ['state'], key: [] }, change = {}, stage = null, url }: Options = {},
) {
  let number = 0
  /** Restores the cache, runs the command, and saves. Returns the log, and the files before and after the command. */
  return async (
    machine: Machine,
    command: Command,
    { passes = true, link = '', prepare = nothing as Command } = {},
  ) => {
    const { directory, warmCache } = machine
    const store = url ? openAt(url) : bucket.store
    const sandbox = await openSandbox(directory, false, [warmCache])
    const build = makeBuild({ project: `gh/cached/${name}`, number: ++number, ...change })
    const context = {
      ...{ store, build, stage, sandbox, warmCache, path: process.env.PATH ?? '' },
      deadline: Date.now() + 60_000,
      ...{ signal: new AbortController().signal, redact: (text: string) => text.replaceAll('403', '***') },
    }
    if (link) symlinkSync(link, join(sandbox.workspace, 'led'))
    const state = join(sandbox.workspace, 'state')
    await prepare({ state, workspace: sandbox.workspace })
    const log: string[] = []
    const caches = await Caches.open(context, [spec])
    await caches.restore(async line => void log.push(line))
    const filesOf = () => (existsSync(state) ? describeTree(sandbox.workspace) : [])
    const before = filesOf()
    await command({ state, workspace: sandbox.workspace })
    const after = filesOf()
    if (passes) await caches.save()
    if (url) store.close()
    return { log, before, after }
  }
}

const archivesOf = async (name: string) =>
  (await keysIn(bucket, `cache/gh/cached/${name}/`)).filter(key => key.endsWith('.tar.zst')).length

test(
  'whatever commands do, every sandbox gets what the last build that passed has left',
  async () => {
    const step = fc.record({ machine: fc.constantFrom('one', 'other', 'new'), changes, passes: fc.boolean() })
    let runs = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 5 }), async steps => {
        const build = openRepository(`random-${++runs}`)
        const known = { one: newMachine(), other: newMachine() }
        let left: string[] = []
        for (const { machine, changes, passes } of [
          ...steps,
          { machine: 'new', changes: [], passes: false },
        ] as const) {
          const command: Command = ({ state }) => {
            mkdirSync(state, { recursive: true })
            applyChanges(state, changes)
          }
          const on = machine === 'new' ? newMachine() : known[machine]
          const { before, after, log } = await build(on, command, { passes })
          expect(before, log.join()).toEqual(left)
          if (passes) left = after
        }
      }),
      { numRuns: RUNS },
    )
  },
  RUNS * 10_000,
)

test.each<[string, Command, Command]>([
  [
    'a file of the same size',
    ({ state }) => writeFileSync(`${state}/f`, '1'),
    ({ state }) => writeFileSync(`${state}/f`, '2'),
  ],
  [
    'a file of the same size and time',
    ({ state }) => {
      writeFileSync(`${state}/f`, '1')
      utimesSync(`${state}/f`, 1000, 1000)
    },
    ({ state }) => {
      writeFileSync(`${state}/f`, '2')
      utimesSync(`${state}/f`, 1000, 1000)
    },
  ],
  [
    'the mode',
    ({ state }) => writeFileSync(`${state}/f`, '1'),
    ({ state }) => chmodSync(`${state}/f`, 0o755),
  ],
  [
    'the time',
    ({ state }) => writeFileSync(`${state}/f`, '1'),
    ({ state }) => utimesSync(`${state}/f`, 1000, 1000),
  ],
  [
    'everything, by removing it',
    ({ state }) => writeFileSync(`${state}/f`, '1'),
    ({ state }) => rmSync(state, { recursive: true }),
  ],
])('a command that changes %s is followed in every sandbox', async (name, first, second) => {
  const build = openRepository(`change-${name.replaceAll(' ', '-')}`)
  const machine = newMachine()
  await build(machine, paths => [mkdirSync(paths.state), first(paths)])
  const { before, after } = await build(machine, second)
  expect(after).not.toEqual(before)
  expect((await build(newMachine(), nothing)).before).toEqual(after)
  const { before: warm, log } = await build(machine, nothing)
  expect(warm).toEqual(after)
  if (after.length > 0) expect(log).toEqual([expect.stringContaining('from the previous build')])
})

test('a sandbox does not use what it has kept when another one has saved since', async () => {
  const build = openRepository('overtaken')
  const [one, other] = [newMachine(), newMachine()]
  await build(one, ({ state }) => [mkdirSync(state), writeFileSync(`${state}/f`, '1')])
  const { after } = await build(other, ({ state }) => writeFileSync(`${state}/f`, '2'))
  const { before, log } = await build(one, nothing)
  expect([before, log]).toEqual([after, [expect.stringMatching(/^Restored state from the cache in /)]])
})

test('what was touched without being changed is saved at most once more', async () => {
  const build = openRepository('touched')
  const machine = newMachine()
  const link: Command = ({ state, workspace }) => linkSync(`${state}/f`, `${workspace}/linked`)
  await build(machine, ({ state }) => [mkdirSync(state), writeFileSync(`${state}/f`, '1')])
  for (const _ of [1, 2, 3]) await build(machine, link)
  expect(await archivesOf('touched')).toBe(2)
  expect((await build(machine, link)).log).toEqual([expect.stringContaining('from the previous build')])
  expect((await build(newMachine(), link)).log).toEqual([expect.stringContaining('from the cache')])
  expect(await archivesOf('touched')).toBe(2)
})

test('names may be any bytes', async () => {
  const build = openRepository('names')
  const writeAll =
    (text: string): Command =>
    ({ state }) => {
      mkdirSync(state, { recursive: true })
      for (const name of NAMES) writeFileSync(Buffer.from(`${state}/${name}`, 'latin1'), text)
    }
  await build(newMachine(), writeAll('1'))
  const { before, after } = await build(newMachine(), writeAll('2'))
  expect(before).toHaveLength(NAMES.length + 1)
  expect((await build(newMachine(), nothing)).before).toEqual(after)
})

const pushed = (branch: string) => ({ trigger: `push/${branch}`, branch, checkoutBranch: branch })
const pull = (number: number, from: string, base: string) => ({
  ...{ event: 'pull_request' as const, trigger: `pr/${number}`, pullRequest: number },
  ...{ branch: base, checkoutBranch: from },
})

test('a branch starts with its own caches, those of its base and of the default branch, and with no others', async () => {
  const spec = { paths: ['state'], key: ['same'] }
  const buildOn = (change: Partial<Build>) =>
    openRepository('scopes', { spec, change: { trust: 'branch', ...change } })(
      newMachine(),
      async ({ state, workspace }) => {
        writeFileSync(join(workspace, 'same'), '')
        mkdirSync(state, { recursive: true })
        writeFileSync(join(state, String(change.trigger).replace('/', '-')), '')
      },
    )
  const startOf = async (change: Partial<Build>) =>
    (await buildOn(change)).before.flatMap(line => /state\/([\w-]+)/.exec(line)?.[1] ?? [])
  expect(await startOf(pushed('mallory'))).toEqual([])
  expect(await startOf(pushed('topic'))).toEqual([])
  expect(await startOf(pull(7, 'topic', 'release'))).toEqual([])
  expect(await startOf(pushed('release'))).toEqual([])
  expect(await startOf(pull(8, 'topic', 'release'))).toEqual(['push-release'])
  expect(await startOf(pull(7, 'topic', 'release'))).toEqual(['pr-7'])
  expect(await startOf(pushed('master'))).toEqual([])
  expect(await startOf(pushed('side'))).toEqual(['push-master'])
  expect(await startOf({ ...pushed('master'), trust: 'protected' })).toEqual([])
  expect(await startOf(pushed('other'))).toEqual(['push-master'])
})

test('a deploy branch starts with its own caches alone, and a deploy with those of its stage', async () => {
  const spec = { paths: ['state'], key: ['same'] }
  const startOf = async (
    branch: string,
    stage: string | null = null,
    trust: Build['trust'] = 'protected',
  ) => {
    const change = { ...pushed(branch), defaultBranch: 'master', trust }
    const { before } = await openRepository('deciding', { spec, change, stage })(
      newMachine(),
      async ({ state, workspace }) => {
        writeFileSync(join(workspace, 'same'), '')
        mkdirSync(state, { recursive: true })
        writeFileSync(join(state, `${trust}-${branch}-${stage}`), '')
      },
    )
    return before.flatMap(line => /state\/([\w-]+)/.exec(line)?.[1] ?? [])
  }
  expect(await startOf('master')).toEqual([])
  expect(await startOf('qa')).toEqual([])
  expect(await startOf('master', 'production')).toEqual([])
  expect(await startOf('qa', 'qa')).toEqual([])
  expect(await startOf('qa', 'qa-2')).toEqual([])
  expect(await startOf('master')).toEqual(['protected-master-null'])
  expect(await startOf('qa')).toEqual(['protected-qa-null'])
  expect(await startOf('master', 'production')).toEqual(['protected-master-production'])
  // The same stage, from another branch.
  expect(await startOf('hotfix', 'production')).toEqual(['protected-master-production'])
  // Branches that do not deploy start with what the default branch has.
  expect(await startOf('topic', null, 'branch')).toEqual(['protected-master-null'])
})

test('an unchanged cache is not saved again', async () => {
  const build = openRepository('unchanged')
  await build(newMachine(), ({ state }) => [mkdirSync(state), writeFileSync(`${state}/f`, '1')])
  const machine = newMachine()
  for (const _ of [1, 2]) await build(machine, nothing)
  expect(await archivesOf('unchanged')).toBe(1)
})

test('an empty cache is never saved under a key', async () => {
  const build = openRepository('emptied', { spec: { paths: ['state'], key: ['lock'] } })
  const lock =
    (text: string, more: Command): Command =>
    paths => [writeFileSync(`${paths.workspace}/lock`, text), more(paths)]
  // The lock is read before the command, so that these builds have the key of no file.
  await build(
    newMachine(),
    lock('1', ({ state }) => [mkdirSync(state), writeFileSync(`${state}/f`, '1')]),
  )
  await build(newMachine(), ({ state }) => rmSync(state, { recursive: true }))
  expect((await build(newMachine(), nothing)).log).toEqual([
    expect.stringContaining('Restored state from the cache'),
  ])
})

test('a large tree is restored from several archives, with its links and read-only directories', async () => {
  const build = openRepository('large')
  const machine = newMachine()
  const { after } = await build(machine, ({ state }) => {
    for (const name of ['a', 'a/deep/in', 'b', 'c', 'd', 'closed/in', 'closed/deep/in']) {
      mkdirSync(join(state, name), { recursive: true })
      writeFileSync(join(state, name, 'large'), randomBytes(2_500_000))
    }
    linkSync(join(state, 'a/large'), join(state, 'd/linked'))
    linkSync(join(state, 'closed/in/large'), join(state, 'c/linked'))
    for (const name of ['closed/deep', 'closed']) chmodSync(join(state, name), 0o555)
    // A directory that is in several archives gets its time back, to the microsecond.
    for (const name of ['a/deep', 'a', '.']) utimesSync(join(state, name), 1_700_000_000, 1_700_000_000)
  })
  expect(await archivesOf('large')).toBeGreaterThan(1)
  expect((await build(newMachine(), nothing)).before).toEqual(after)
  expect((await build(machine, nothing)).before).toEqual(after)
  expect(await keysIn(bucket, 'cache/gh/cached/large/')).toHaveLength(3 + (await archivesOf('large')))
})

test('sockets are left out, and do not keep the rest from being saved', async () => {
  const build = openRepository('sockets')
  const machine = newMachine()
  const server = createServer()
  await build(machine, async ({ state }) => {
    mkdirSync(state)
    await once(server.listen(join(state, 's')), 'listening')
    writeFileSync(`${state}/f`, '1')
  })
  const names: string[][] = []
  for (const each of [machine, newMachine()]) await build(each, ({ state }) => names.push(readdirSync(state)))
  server.close()
  expect(names).toEqual([['f'], ['f']])
})

const refuse = (method: string, address: RegExp): Rule => {
  const rule: Rule = { method, address, nth: 1, times: 1000, fault: 403, seen: 0 }
  rules.push(rule)
  return rule
}
const withdraw = (rule: Rule) => void rules.splice(rules.indexOf(rule), 1)
const fill =
  (text: string): Command =>
  ({ state }) => [mkdirSync(state, { recursive: true }), writeFileSync(`${state}/f`, text)]

test('a failed save is said in the log of the next build, in whatever sandbox, until one was successful', async () => {
  const build = openRepository('refused', { url: proxy.url })
  const rule = refuse('PUT', /cached\/refused\/.*\.tar\.zst/)
  const [machine, other] = [newMachine(), newMachine()]
  expect((await build(machine, fill('1'))).log).toEqual(['No cache of state yet'])
  const failureOf = (number: number) =>
    expect.stringMatching(`^Build #${number} could not save the cache of state: S3 answered`)
  expect((await build(other, fill('2'))).log).toEqual([failureOf(1), 'No cache of state yet'])
  withdraw(rule)
  expect((await build(machine, fill('3'))).log).toEqual([failureOf(2), 'No cache of state yet'])
  expect((await build(other, nothing)).log).toEqual([expect.stringMatching(/^Restored state from the cache/)])
})

test('if the bucket refuses everything, the sandbox says it once', async () => {
  const build = openRepository('closed', { url: proxy.url })
  const rule = refuse('PUT', /cached\/closed\//)
  const machine = newMachine()
  await build(machine, fill('1'))
  withdraw(rule)
  const { log } = await build(machine, nothing)
  expect(log).toEqual([
    expect.stringMatching(/^Build #1 could not save the cache of state: /),
    'No cache of state yet',
  ])
  expect((await build(machine, nothing)).log).toEqual(['No cache of state yet'])
})

test('an interrupted save is said, too', async () => {
  const build = openRepository('interrupted', { url: proxy.url })
  const rule: Rule = {
    method: 'PUT',
    address: /cached\/interrupted\/.*-attempt-/,
    nth: 2,
    times: 1,
    fault: 403,
    seen: 0,
  }
  rules.push(rule)
  await build(newMachine(), fill('1'))
  const { log } = await build(newMachine(), nothing)
  expect(log[0]).toMatch(/^Build #1 has not finished saving the cache of state/)
  expect((await build(newMachine(), nothing)).log).toEqual([expect.stringContaining('Restored state')])
})

test('the note of a failed save is masked, and one of another shape or size is ignored', async () => {
  const build = openRepository('noted', { url: proxy.url })
  const rule = refuse('PUT', /cached\/noted\/.*\.tar\.zst/)
  await build(newMachine(), fill('1'))
  withdraw(rule)
  const key = (await keysIn(bucket, 'cache/gh/cached/noted/')).find(each => each.includes('-attempt-')) ?? ''
  const { body } = (await bucket.store.get(key)) ?? {}
  expect(Buffer.from(body ?? []).toString()).toMatch(/answered \*\*\*/)
  const failed = { build: 1, state: 'failed' }
  for (const note of [{ ...failed, reason: 7 }, { ...failed, reason: 'x'.repeat(501) }, ['x'.repeat(5000)]]) {
    await bucket.store.put(key, JSON.stringify(note), 'application/json')
    expect((await build(newMachine(), nothing, { passes: false })).log).toEqual(['No cache of state yet'])
  }
})

/** An archive of what a script of bash leaves. */
async function archiveBy(script: string): Promise<Buffer> {
  const at = await mkdtemp(join(root, 'archive-'))
  mkdirSync(join(at, 'workspace'))
  execFileSync('bash', ['-ec', script], { cwd: at })
  return execFileSync('bash', ['-c', 'shopt -s dotglob; cat *.tar || tar -c *'], { cwd: at, stdio: 'pipe' })
}

/** Replaces the archives of a repository's cache, as another build of its trust could. */
async function replaceArchives(name: string, archives: readonly Buffer[]): Promise<void> {
  const keys = await keysIn(bucket, `cache/gh/cached/${name}/`)
  const index = keys.find(key => /[0-9a-f]{32}-[0-9a-f]{32}\.json$/.test(key)) ?? ''
  const ids = archives.map((_, number) => `00000000-0000-4000-8000-000000000000.${number}.tar.zst`)
  const prefix = index.slice(0, index.lastIndexOf('-'))
  for (const [number, archive] of archives.entries())
    await bucket.store.put(`${prefix}-${ids[number]}`, zstdCompressSync(archive), 'application/zstd')
  await bucket.store.put(index, JSON.stringify({ archives: ids, tree: 'x' }), 'application/json')
}

test.each<[string, string[]]>([
  [
    'a path that is a link to its own directory',
    [
      'ln -s . workspace/state; mkdir x; tar -cf a.tar workspace; rm workspace/state; mkdir workspace/state; echo bad > workspace/state/tracked; tar -rf a.tar workspace/state/tracked',
    ],
  ],
  [
    'a link in one archive, and a file behind it in another',
    [
      'mkdir workspace/state; ln -s ../.. workspace/state/up',
      'mkdir -p workspace/state/up/workspace; echo bad > workspace/state/up/workspace/tracked; tar -cf a.tar workspace/state/up/workspace/tracked',
    ],
  ],
  [
    'a link to a directory beside it, and a file behind it',
    [
      'mkdir workspace/state; ln -s .. workspace/state/up; tar -cf a.tar workspace; rm workspace/state/up; mkdir workspace/state/up; echo bad > workspace/state/up/tracked; tar -rf a.tar workspace/state/up/tracked',
    ],
  ],
  [
    'a member with dots in its name',
    [
      'mkdir workspace/state; echo bad > workspace/tracked; tar -P -cf a.tar workspace/state workspace/state/../tracked',
    ],
  ],
  [
    'a hard link to a file of the commit',
    [
      'mkdir workspace/state; echo bad > workspace/tracked; ln workspace/tracked workspace/state/hard; tar -cf a.tar workspace/tracked workspace/state',
    ],
  ],
])('an archive writes nothing beside the paths of its cache: %s', async (_, scripts) => {
  const name = `evil-${++evil}`
  const build = openRepository(name)
  await build(newMachine(), ({ state }) => {
    mkdirSync(state)
    writeFileSync(join(state, 'kept'), 'good')
  })
  await replaceArchives(name, await Promise.all(scripts.map(archiveBy)))
  let found: string[] = []
  const { log } = await build(newMachine(), ({ workspace }) => {
    found = readdirSync(workspace)
  })
  expect(found, log.join()).not.toContain('tracked')
  expect(readdirSync(join(root, `machine-${machines}`)).join()).not.toContain('unpacked')
  expect(existsSync(join(root, 'workspace'))).toBe(false)
})
let evil = 0

test.each(Object.entries({ ...HOSTILE_ARCHIVES, ...LEFT_TO_CACHES }))(
  'a hostile archive is broken, or all that is in it is below the path of its cache: %s',
  async (_, [, archive]) => {
    const name = `hostile-${++evil}`
    const build = openRepository(name)
    await build(newMachine(), fill('good'))
    await replaceArchives(name, [archive('workspace/state')])
    const machine = newMachine()
    const besides = () =>
      describeTree(machine.directory).filter(line => !/^"(workspace|temp|workspace\/state.*)" /.test(line))
    let before: string[] = []
    let restored: string[] = []
    const { log } = await build(
      machine,
      ({ state }) => {
        restored = existsSync(state)
          ? execFileSync('find', [state, '-printf', '%y\n'], { encoding: 'utf8' }).split('\n')
          : []
        rmSync(state, { recursive: true, force: true })
        expect(besides()).toEqual(before)
      },
      {
        passes: false,
        prepare: ({ workspace }) => {
          for (const each of ['tracked', 'src/tracked', '.git/hooks/x', '../home/.local/bin/git']) {
            mkdirSync(join(workspace, each, '..'), { recursive: true })
            writeFileSync(join(workspace, each), 'good')
          }
          before = besides()
        },
      },
    )
    expect(log).toEqual([
      expect.stringMatching(restored.length > 0 ? /^Restored state/ : /because it is broken: ./),
    ])
    expect(restored.join('')).not.toMatch(/[bcs]/)
  },
)

test('nothing is made where a link of the commit leads', async () => {
  const build = openRepository('led', { spec: { paths: ['led/deep/state'], key: [] } })
  const outside = await mkdtemp(join(root, 'outside-'))
  await build(newMachine(), ({ workspace }) => {
    mkdirSync(join(workspace, 'led/deep/state'), { recursive: true })
    writeFileSync(join(workspace, 'led/deep/state/file'), '')
  })
  const linked = await build(newMachine(), nothing, { link: outside })
  expect(linked.log.join()).toMatch(/a link or a file leads to workspace\/led\/deep\/state/)
  expect(readdirSync(outside)).toEqual([])
})

test('a link out of a cache is restored as it is', async () => {
  const build = openRepository('links')
  await build(newMachine(), ({ state }) => {
    mkdirSync(state)
    symlinkSync('/usr/bin/env', join(state, 'python'))
    symlinkSync('../packages/one', join(state, 'one'))
  })
  const { before } = await build(newMachine(), nothing)
  expect(before.join()).toMatch(/\/usr\/bin\/env/)
})

test('a path that is a link is not saved, and the next build says so', async () => {
  const build = openRepository('linked')
  await build(newMachine(), ({ state, workspace }) => {
    mkdirSync(join(workspace, 'elsewhere'))
    symlinkSync('elsewhere', state)
  })
  const { log } = await build(newMachine(), nothing)
  expect(log[0]).toBe('Build #1 could not save the cache of state: state is a link')
})
