import { randomUUID } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Mail } from '../../loopback/sns/delivery.ts'
import { functionName } from '../../loopback/system/functions.ts'
import { type System, type SystemOptions, startSystem } from '../../loopback/system/system.ts'
import { type JobMessage, jobMessageSchema } from '../../src/admission/grants.ts'
import { readLog } from '../../src/log/reader.ts'
import type { JobTrust } from '../../src/model/trust.ts'
import { z } from '../../src/model/zod.ts'
import { buildKeys, jobKeys } from '../../src/records/keys.ts'
import { readRecords, readReport } from '../../src/records/read-records.ts'
import { type View, viewOf } from '../../src/records/view.ts'
import { Changes } from './changes.ts'
import { directStore } from './direct-store.ts'
import { roleOf, SITE_WRITES } from './roles.ts'
import { runGit, startGitHub } from './small-process.ts'

/** The whole system on loopback, with actions (push, call the API) and queries (views, logs, statuses). */
export type TestSystem = Awaited<ReturnType<typeof openTestSystem>>

export type Files = Record<string, string>
type Ref = { project: string; number: number }
type Push = [at: string, repository: string, branch: string, files?: Files, message?: string]

/** Bundled functions, which sandboxes load faster than their sources (bundles.ts). */
const BUNDLES = process.env.LAMBCI_TEST_BUNDLES
/** How the functions are run: from bundles, if there are any. */
export const BUNDLED_FUNCTIONS = BUNDLES
  ? {
      environment: { LAMBCI_CODE_CACHE: join(BUNDLES, 'code') },
      moduleOf: (entry: string) => join(BUNDLES, entry, 'index.js'),
      bootstrap: join(BUNDLES, 'bootstrap', 'index.js'),
    }
  : {}
/** A fraction of the usual intervals: tests wait for events, not for clocks. */
const SHORT_INTERVALS = {
  LAMBCI_CANCEL_POLL_MS: '1000',
  LAMBCI_LOG_UPLOAD_MS: '200',
  LAMBCI_KILL_GRACE_MS: '500',
  LAMBCI_FETCH_RETRY_MS: '20',
}
const TIMEOUT_MS = 45_000
/** Four workers share two cores: a sandbox more takes longer to start than those that are busy need. */
const BUSY_MS = 2000
/** The number of lines from the functions that the message of a time-out shows. */
const MOST_LINES = 20
/** Between looks at what changes without an event, such as a commit's statuses. */
const POLL_MS = 200

/**
 * Starts a test system. With `root`, the directory of an earlier one, it continues with that one's data. `timeoutMs` is how
 * long it waits for an event.
 */
export async function openTestSystem({
  root,
  timeoutMs = TIMEOUT_MS,
  ...options
}: Partial<SystemOptions> & { root?: string; timeoutMs?: number } = {}) {
  const directory = root ?? (await mkdtemp(join(tmpdir(), 'lambci-test-')))
  const mails: Mail[] = []
  const messages: JobMessage[] = []
  const lines: string[] = []
  const changes = new Changes(() => lines.slice(-MOST_LINES))
  const started = await startSystem({
    ...BUNDLED_FUNCTIONS,
    environment: { ...SHORT_INTERVALS, ...BUNDLED_FUNCTIONS.environment },
    directory: join(directory, 'data'),
    port: 0,
    busyMs: BUSY_MS,
    startGitHub,
    pushTimeoutMs: timeoutMs,
    onMail: mail => {
      mails.push(mail)
      changes.announce('mail')
    },
    interceptEvent: (event, deliver) => {
      const message = jobMessageIn(event)
      if (message) {
        messages.push(message)
        changes.announce('message')
      }
      return deliver()
    },
    onRecord: key => changes.announce(key),
    onLog: (name, _, line) => lines.push(`${name}: ${line}`),
    ...options,
  })
  const { stack, s3 } = started.servers
  const system = { ...started, store: directStore(started.store, stack.bucket.BucketName, s3.reads) }
  return {
    directory,
    system,
    mails,
    /** Those that have started jobs. */
    messages,
    lines,
    ...actions(directory, system),
    ...queries(directory, system, changes, timeoutMs),
    close: () => close(directory, system),
  }
}

const jobEventSchema = z.union([
  jobMessageSchema,
  z.object({ Records: z.tuple([z.object({ Sns: z.object({ Message: z.string() }) })]) }),
])

/** The message of an event that starts a job; null for any other event. */
function jobMessageIn(event: unknown): JobMessage | null {
  const { data } = jobEventSchema.safeParse(event)
  if (!data || 'build' in data) return data ?? null
  return jobMessageSchema.safeParse(JSON.parse(data.Records[0].Sns.Message)).data ?? null
}

let shared: Promise<TestSystem> | undefined

/**
 * The system that the files of one worker share, for stories that bring their own repositories and change nothing
 * else. All of these repositories share its sandboxes. Its deploys have the role `site-deploy`, and jobs can be given
 * `site-jobs`. `test/support/bundles.ts` removes its directory.
 */
export async function sharedTestSystem(): Promise<TestSystem> {
  shared ??= mkdtemp(join(process.env.LAMBCI_TEST_ROOT ?? tmpdir(), 'shared-')).then(root =>
    openTestSystem({
      ...{ root, concurrency: 6, mixesTenants: true },
      ...{ deployRole: roleOf('site-deploy', SITE_WRITES), jobRole: roleOf('site-jobs', SITE_WRITES) },
    }),
  )
  const ci = await shared
  return { ...ci, close: () => settled(ci.system) }
}

async function close(directory: string, system: System) {
  await settled(system)
  await system.close()
  await rm(directory, { recursive: true, force: true })
}

/** Waits until nothing is queued or running, for at most five seconds. */
const settled = (system: System): Promise<void> =>
  Promise.race([system.lambda.idle(), sleep(5000, undefined, { ref: false })])

function actions(directory: string, system: System) {
  const { github, githubApi, githubToken } = system.addresses
  const environment = { ...GIT_ENVIRONMENT, PATH: process.env.PATH ?? '', HOME: directory }
  const git = (cwd: string, ...args: string[]) => runGit(cwd, args, environment)
  const api = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${githubApi}${path}`, {
      method,
      headers: { authorization: `token ${githubToken}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return text ? JSON.parse(text) : null
  }
  const remoteOf = (repository: string) => {
    const remote = new URL(`${github}/${repository}.git`)
    remote.username = 'x-access-token'
    remote.password = githubToken
    return remote.href
  }
  const commitFiles = async (...[at, , , files = {}, message = 'A change']: Push) => {
    await writeFiles(at, files)
    await git(at, 'add', '--all')
    await git(at, 'commit', '--quiet', '--allow-empty', '--message', message)
    return headOf(at)
  }
  return {
    git,
    api,
    /** A gate for commands: `wait` is a command that waits until the test opens the gate. */
    gate: () => {
      const path = join(directory, `gate-${randomUUID()}`)
      return { wait: `until [ -e '${path}' ]; do sleep 0.1; done`, open: () => writeFile(path, '') }
    },
    /** Creates a repository with these files, without pushing it. Returns its directory. */
    write: async (files: Files, at = join(directory, randomUUID())) => {
      await mkdir(at, { recursive: true })
      await git(at, 'init', '--quiet', '--initial-branch=master')
      await writeFiles(at, files)
      return at
    },
    /**
     * Commits these files in a repository made by `write` and force-pushes it, without git's protocol: that is several
     * times as fast as `pushOverHttp`. Returns the commit.
     */
    push: async (...push: Push) => {
      const [from, repository, branch] = push
      const commit = await commitFiles(...push)
      await system.servers.github.receive({ repository, from, move: { branch, commit } })
      return commit
    },
    /** As `push`, with git's protocol. */
    pushOverHttp: async (...push: Push) => {
      const [at, repository, branch] = push
      const commit = await commitFiles(...push)
      await git(at, 'push', '--quiet', '--force', remoteOf(repository), `HEAD:refs/heads/${branch}`)
      return commit
    },
    /** Commits these files without pushing them. Returns the commit. */
    commit: (at: string, files: Files = {}, message = 'A change') => commitFiles(at, '', '', files, message),
    /** Runs `git fast-import`, which makes many commits at once. */
    importCommits: (at: string, stream: string, ...options: string[]) =>
      runGit(at, ['fast-import', '--quiet', ...options], environment, stream),
    /** Brings all commits to GitHub without moving a branch, so that `moveBranch` can. */
    upload: (at: string, repository: string) => system.servers.github.receive({ repository, from: at }),
    /** Creates, moves or (null) deletes a branch on GitHub, which sends its push event. */
    moveBranch: (repository: string, branch: string, commit: string | null, isNew = false) => {
      const refs = `/repos/${repository}/git/refs`
      if (isNew) return api('POST', refs, { ref: `refs/heads/${branch}`, sha: commit })
      const ref = `${refs}/heads/${branch.split('/').map(encodeURIComponent).join('/')}`
      return commit === null ? api('DELETE', ref) : api('PATCH', ref, { sha: commit, force: true })
    },
  }
}

function queries(directory: string, system: System, changes: Changes, timeoutMs: number) {
  const { store, addresses } = system
  const view = async (build: Ref): Promise<View | null> => {
    const records = await readRecords(store, build)
    return records && viewOf(records)
  }
  return {
    view,
    settled: () => settled(system),
    /** Waits until the build has ended and every notification of its end is delivered. */
    ended: (build: Ref): Promise<View> =>
      changes.until(
        `the end of ${build.project} #${build.number}`,
        async () => (await readReport(store, build))?.isClosed && view(build),
        {
          timeoutMs,
          pollMs: 5 * POLL_MS,
          isRelevant: change => change === buildKeys(build).report,
        },
      ),
    /**
     * Repeats `query` until it returns something truthy, and returns that.
     * @throws Error if it does not in time
     */
    until: <T>(what: string, query: () => Promise<T | null | undefined | false>): Promise<T> =>
      changes.until(what, query, { timeoutMs, pollMs: POLL_MS }),
    /** Kills the warm sandboxes of the build functions of these trusts, and with them their local caches. */
    killSandboxes: (...trusts: readonly JobTrust[]) => {
      for (const trust of trusts)
        for (const { pid } of system.lambda.sandboxes(functionName(`run-${trust}`)))
          process.kill(pid, 'SIGKILL')
    },
    /** Removes the local caches of the build functions' sandboxes, as if each were a new one. No build may be running. */
    removeLocalCaches: async () => {
      const sandboxes = join(directory, 'data', 'sandboxes')
      for (const id of await readdir(sandboxes))
        await rm(join(sandboxes, id, 'caches'), { recursive: true, force: true })
    },
    /** Waits until the build has written this text into its log. */
    logged: (build: Ref, text: string): Promise<true> =>
      changes.until(
        `"${text}" of ${build.project} #${build.number}`,
        async () => {
          const { bytes } = await readLog(store, jobKeys(build).log, 0, 10_000)
          return Buffer.from(bytes).toString().includes(text)
        },
        { timeoutMs, pollMs: POLL_MS },
      ),
    read: (path: string) => readFile(path, 'utf8'),
    /** The log of all jobs of a build that has ended, or of its first job. */
    log: async (build: Ref) => {
      const stored = (await store.get(buildKeys(build).log)) ?? (await store.get(jobKeys(build).log.whole))
      return Buffer.from(stored?.body ?? '').toString('utf8')
    },
    /** The commit's statuses, oldest first, as `state context: description`. */
    statuses: async (repository: string, commit: string): Promise<string[]> => {
      const headers = { authorization: `token ${addresses.githubToken}` }
      const answer = await fetch(`${addresses.githubApi}/repos/${repository}/commits/${commit}/statuses`, {
        headers,
      })
      const statuses = (await answer.json()) as { state: string; context: string; description: string }[]
      return statuses
        .reverse()
        .map(({ state, context, description }) => `${state} ${context}: ${description}`)
    },
  }
}

/** The commit that is checked out, read without a process. */
async function headOf(at: string): Promise<string> {
  const read = async (name: string) => (await readFile(join(at, '.git', name), 'utf8')).trim()
  const head = await read('HEAD')
  return head.startsWith('ref: ') ? read(head.slice('ref: '.length)) : head
}

async function writeFiles(at: string, files: Files): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(at, name)), { recursive: true })
    await writeFile(join(at, name), text)
    if (name.endsWith('.sh')) await chmod(join(at, name), 0o755)
  }
}

/** Git's environment, whatever the machine's own configuration is. */
export const GIT_ENVIRONMENT = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: 'maintenance.auto',
  GIT_CONFIG_VALUE_0: 'false',
  GIT_AUTHOR_NAME: 'Ada Writer',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada Writer',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
}

/** A `.lambci.json` that runs this command on every branch, with further settings from `rest`. */
export const lambciJson = (cmd: string, rest: object = {}): Files => ({
  '.lambci.json': JSON.stringify({ cmd, branches: { '/.*/': true }, ...rest }),
})
