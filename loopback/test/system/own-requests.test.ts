import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { globSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openHttpApp } from '../../../test/hostile/http-app.ts'
import { lambciJson, openTestSystem, type TestSystem } from '../../../test/support/test-system.ts'
import { REST_ROUTES } from '../../github/rest-server.ts'

// A page in a browser on this machine reaches every port of loopback. These servers answer only their own pages.
const REPOSITORY = 'acme/app'
const IS_LINUX = process.platform === 'linux'
let before: Set<number>
let ci: TestSystem
let commit: string

beforeAll(async () => {
  before = new Set(listeningPorts())
  // GitHub runs in this process, too, so that its port is among those that are found.
  ci = await openTestSystem({ startGitHub: undefined })
  const at = await ci.write(lambciJson('echo ok'))
  commit = await ci.push(at, REPOSITORY, 'master')
  await ci.ended({ project: `gh/${REPOSITORY}`, number: 1 })
})
afterAll(() => ci.close())

/** The ports on which this process listens, from the kernel's tables (proc(5)). */
function listeningPorts(): number[] {
  if (!IS_LINUX) return []
  const sockets = readdirSync('/proc/self/fd').flatMap(fd => {
    try {
      return [/^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1]]
    } catch {
      return []
    }
  })
  return ['tcp', 'tcp6'].flatMap(table =>
    readFileSync(`/proc/self/net/${table}`, 'utf8')
      .split('\n')
      .slice(1)
      .map(line => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === '0A' && sockets.includes(inode))
      .map(([, local = '']) => Number.parseInt(local.split(':').at(-1) ?? '', 16)),
  )
}

async function send(port: number, path: string, headers: Record<string, string | string[]>, method = 'GET') {
  const sent = request({ host: '127.0.0.1', port, path, method, headers, agent: false, setHost: false })
  sent.end()
  const [answer] = await once(sent, 'response')
  let text = ''
  for await (const chunk of answer.setEncoding('utf8')) text += chunk
  return { status: answer.statusCode as number, text }
}

const NAVIGATION = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const FOREIGN: ((port: number) => Record<string, string | string[]>)[] = [
  () => ({ host: 'evil.example' }),
  port => ({ host: `evil.example:${port}` }),
  port => ({ host: `127.0.0.1.evil.example:${port}` }),
  port => ({ host: `localhost.evil.example:${port}` }),
  port => ({ host: `localhost.:${port}` }),
  port => ({ host: `0.0.0.0:${port}` }),
  port => ({ host: `evil.example@127.0.0.1:${port}` }),
  port => ({ host: `127.0.0.1:${port}`, origin: 'http://evil.example' }),
  port => ({ host: `127.0.0.1:${port}`, origin: 'null' }),
  port => ({ host: `127.0.0.1:${port}`, origin: `https://127.0.0.1:${port}` }),
  // A page of another program on this machine, or of another of these servers.
  port => ({ host: `127.0.0.1:${port}`, origin: `http://127.0.0.1:${port - 1}` }),
  port => ({ host: `127.0.0.1:${port}`, origin: `http://localhost:${port}` }),
  port => ({ host: `127.0.0.1:${port}`, 'sec-fetch-site': 'cross-site' }),
  port => ({ host: `127.0.0.1:${port}`, 'sec-fetch-site': 'same-site' }),
  port => ({
    host: `127.0.0.1:${port}`,
    'sec-fetch-site': 'cross-site',
    ...NAVIGATION,
    'sec-fetch-dest': 'iframe',
  }),
]

test.runIf(IS_LINUX)('no port of a running system answers a host or a page that is not its own', async () => {
  const ports = listeningPorts().filter(port => !before.has(port))
  const { url, s3, sns, sts, scheduler, lambda, github } = ci.system.addresses
  const known = [url, s3, sns, sts, scheduler, lambda, github].map(address => Number(new URL(address).port))
  expect(ports).toEqual(expect.arrayContaining(known))
  // The Runtime API of at least one sandbox is also there.
  expect(ports.length).toBeGreaterThan(known.length)
  for (const port of ports) {
    for (const headers of FOREIGN.map(each => each(port)))
      for (const method of ['GET', 'POST', 'OPTIONS'])
        expect([(await send(port, '/', headers, method)).status, headers]).toEqual([403, headers])
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `LOCALHOST:${port}`, 'localhost:8080'])
      for (const own of [{}, { origin: `http://${host}` }, { 'sec-fetch-site': 'same-origin' }])
        expect((await send(port, '/nowhere', { host, ...own })).text).not.toContain('from elsewhere')
  }
})

test('links on other sites open the pages and logs, and nothing else', async () => {
  const { url, s3, github, lambda } = ci.system.addresses
  const open = async (address: string, path: string, method = 'GET') => {
    const { port, host } = new URL(address)
    return (await send(Number(port), path, { host, 'sec-fetch-site': 'cross-site', ...NAVIGATION }, method))
      .status
  }
  expect(await open(url, `/gh/${REPOSITORY}/builds/1`)).toBe(200)
  expect(await open(url, '/webhook', 'POST')).toBe(403)
  const link = await fetch(`${url}/gh/${REPOSITORY}/builds/1/log.txt`, { redirect: 'manual' })
  const { pathname, search } = new URL(link.headers.get('location') ?? '')
  expect(await open(s3, `${pathname}${search}`)).toBe(200)
  expect(await open(github, `/${REPOSITORY}.git/info/refs?service=git-upload-pack`)).toBe(403)
  expect(await open(lambda, '/')).toBe(403)
})

/** All files that the servers keep, with hashes. Writing to a database changes its file or its log (`-wal`). */
function everythingKept(): string[] {
  const data = join(ci.directory, 'data')
  return globSync('**/*', { cwd: data, withFileTypes: true })
    .filter(entry => entry.isFile() && !entry.name.endsWith('-shm'))
    .map(entry => join(entry.parentPath, entry.name))
    .filter(file => !file.startsWith(join(data, 'sandboxes')))
    .map(file => `${file} ${createHash('sha256').update(readFileSync(file)).digest('hex')}`)
    .toSorted()
}

/** Fills the parameters of a route, whatever the names in its router. */
const filled = (pattern: string, values: Record<string, string>) =>
  pattern.replaceAll(/:(\w+)(?:\{[^}]*\})?/g, (_, name) => values[name] ?? '1')

test('nothing is written by GET or HEAD, on any route of any server', async () => {
  const { system } = ci
  const { url, github, githubApi, githubToken, s3, sns, sts, scheduler, lambda } = system.addresses
  await ci.settled()
  const { app, bucket } = await openHttpApp()
  await bucket.close()
  const values = { owner: 'acme', repo: 'app', number: '1', sha: commit, ref: 'master', branch: 'master' }
  const pages = app.routes
    .filter(({ method }) => method === 'GET')
    .map(({ path }) => `${url}${filled(path, values)}`)
  const rest = REST_ROUTES.filter(({ method }) => method === 'GET').map(
    ({ pattern }) => `${githubApi}${filled(pattern, values)}`,
  )
  expect(pages.length).toBeGreaterThan(10)
  expect(rest.length).toBeGreaterThan(15)
  const git = ['acme/app', 'acme/unknown', 'nobody/nothing'].flatMap(name =>
    [
      'info/refs?service=git-receive-pack',
      'info/refs?service=git-upload-pack',
      'git-receive-pack',
      'git-upload-pack',
    ].map(operation => `${github}/${name}.git/${operation}`),
  )
  const others = [s3, sns, sts, scheduler, lambda].flatMap(address =>
    [
      '/',
      '/?Action=CreateTopic&Name=x&Version=2010-03-31',
      '/lambci/x',
      '/schedules/x',
      '/2015-03-31/functions/lambci-http/invocations',
    ].map(path => `${address}${path}`),
  )
  const kept = everythingKept()
  expect(kept.length).toBeGreaterThan(10)
  for (const address of [...pages, ...rest, ...git, ...others])
    for (const method of ['GET', 'HEAD'])
      for (const authorization of [undefined, `token ${githubToken}`])
        await (
          await fetch(address, {
            method,
            redirect: 'manual',
            ...(authorization && { headers: { authorization } }),
          })
        ).arrayBuffer()
  expect(everythingKept()).toEqual(kept)
})
