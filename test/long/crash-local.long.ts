import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Addresses } from '../../loopback/system/system.ts'
import { git, makeDirectory, removeDirectories } from '../../loopback/test/github/working-copy.ts'
import { openStore } from '../../src/aws/bucket.ts'
import { lastNumber } from '../../src/records/counter.ts'
import { jobKeys } from '../../src/records/keys.ts'
import { readRecords } from '../../src/records/read-records.ts'
import { viewOf } from '../../src/records/view.ts'
import { LAMBCI } from '../support/lambci.ts'

const ROUNDS = 4

let data: string
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'lambci-crash-'))
})
afterAll(() => Promise.all([removeDirectories(), rm(data, { recursive: true, force: true })]))

const AS_USERS_DO = [LAMBCI, 'local', '--port', '0', '--json', '--data']
/** The same system, whose functions start from bundles: they have begun at the moment of the kill. */
const FROM_BUNDLES = [join(import.meta.dirname, '..', 'support', 'bundled-system.ts')]

/** Starts the system, in a process of its own. Its first line of output has the addresses. */
async function start(program: string[]) {
  const child = spawn(process.execPath, [...program, join(data, 'data')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(createInterface(child.stdout), 'line')
  const addresses = JSON.parse(String(line)) as Addresses
  const { bucket, s3: endpoint, region, accessKeyId, secretAccessKey } = addresses
  const store = openStore(bucket, { credentials: { accessKeyId, secretAccessKey }, endpoint, region })
  return { child, addresses, store }
}

test('after kill -9 at any moment the next start continues, and no build is lost', async () => {
  const project = 'gh/ada/crash'
  const at = await makeDirectory()
  await git(at, 'init', '--quiet')
  await writeFile(join(at, '.lambci.json'), '{"cmd": "echo tested; sleep 0.5"}')
  await git(at, 'add', '--all')
  for (let round = 1; round <= ROUNDS; round++) {
    const { child, addresses } = await start(round === ROUNDS ? AS_USERS_DO : FROM_BUNDLES)
    const remote = new URL(`${addresses.github}/ada/crash.git`)
    remote.username = 'x-access-token'
    remote.password = addresses.githubToken
    await git(at, 'commit', '--quiet', '--allow-empty', '-m', `Round ${round}`)
    const push = () => git(at, 'push', '--quiet', remote.href, 'HEAD:refs/heads/master')
    // A system that has just started may drop a connection; one that has ended accepts no second one.
    await push().catch(push)
    // Somewhere between the delivery and the end of the build.
    await sleep(150 * round)
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  const { child, store } = await start(AS_USERS_DO)
  try {
    const ended: string[] = []
    for (let number = 1; number <= ROUNDS; number++) {
      const build = { project, number }
      for (let left = 240; ; left--) {
        const records = await readRecords(store, build)
        if (records?.report?.isClosed) {
          ended.push(viewOf(records).status)
          break
        }
        if (left === 0) throw new Error(`#${number} has not ended: ${JSON.stringify(records)}`)
        await sleep(250)
      }
      expect(await store.get(jobKeys(build).log.whole)).not.toBeNull()
    }
    // A newer commit may have cancelled an older build. Each push has exactly one build, and it has ended.
    expect(ended.every(status => ['passed', 'errored', 'cancelled'].includes(status))).toBe(true)
    expect(await readRecords(store, { project, number: ROUNDS + 1 })).toBeNull()
    // The example is built once, however often the system starts; twice if it was killed before its first build was numbered.
    expect(await lastNumber(store, 'gh/example/hello')).toBeLessThanOrEqual(2)
  } finally {
    child.kill('SIGINT')
    await once(child, 'exit')
  }
}, 120_000)
