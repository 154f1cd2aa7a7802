import { type AdmissionContext, type AdmissionResult, admit } from '../../src/admission/admit.ts'
import { admitRebuild } from '../../src/admission/admit-again.ts'
import { recordGone } from '../../src/admission/record-gone.ts'
import type { Build } from '../../src/model/build.ts'
import type { Compare } from '../../src/model/newer.ts'
import { commitStatusNotifier } from '../../src/notifiers/commit-status/notifier.ts'
import type { Notifier } from '../../src/notifiers/notifier.ts'
import type { JobRun } from '../../src/records/job-run.ts'
import { jobKeys } from '../../src/records/keys.ts'
import { reportBuild } from '../../src/report-build.ts'
import { reportTriggersOf } from '../../src/reporting/report-trigger.ts'
import { openMemoryStore } from './memory-store.ts'
import { after, endedRun, grantIssuerOf, makeBuild, RUN_FUNCTIONS, RUNNER_SECRETS } from './records.ts'

const PROJECT = 'gh/ada/web'

/**
 * Admission and report on a store in memory, one after the other, with a GitHub that knows a line of commits and where branches
 * are. What a request asks report to look at, report has looked at when the request resolves.
 */
export function openCommitWorld(line: readonly string[]) {
  const store = openMemoryStore()
  const heads = new Map<string, string>()
  const shown = new Map<string, string>()
  const woken: string[] = []
  let [deliveries, invocations] = [0, 0]

  const watched = {
    ...store,
    put: async (key: string, body: Uint8Array | string, type: string) => {
      if (key.endsWith('/gone.json')) woken.push(key)
      return store.put(key, body, type)
    },
    putIf: async (...[key, ...given]: Parameters<typeof store.putIf>) => {
      const written = await store.putIf(key, ...given)
      if (written.isWritten && key.endsWith('/cancel.json')) woken.push(key)
      return written
    },
  }
  const compare: Compare = async (_, base, head) => {
    const [from, to] = [base, head].map(name => line.indexOf(heads.get(name) ?? name)) as [number, number]
    if (from < 0 || to < 0) return null
    return from === to ? 'identical' : from < to ? 'ahead' : 'behind'
  }
  const context = (): AdmissionContext => ({
    store: watched,
    compare,
    now: () => after(60),
    baseUrl: 'https://ci.example.com',
    linkKey: RUNNER_SECRETS.linkKey,
    grantIssuer: grantIssuerOf(null),
    deadMansSwitch: { set: async () => {}, move: async () => {}, clear: async () => {} },
    publish: async () => {},
    invokeReport: async build => report({ switch: build }),
  })

  async function report(event: unknown): Promise<void> {
    for (const trigger of reportTriggersOf(event)) {
      const holder = `report-${++invocations}`
      const notifier = commitStatusNotifier({
        leaseHolder: { store: watched, now: () => after(60), holder },
        github: {
          compare,
          setStatus: async ({ commit, context, state, description }) =>
            void shown.set(`${commit[0]} ${context}`, `${state}: ${description.split(' · ')[0]}`),
        },
      })
      await reportBuild(trigger, {
        ...context(),
        notifiers: [notifier as Notifier],
        secrets: async () => RUNNER_SECRETS,
        runFunctions: RUN_FUNCTIONS,
        requestId: holder,
      })
    }
  }
  const written = (key: string) =>
    report({ Records: [{ eventTime: after(60).toISOString(), s3: { object: { key } } }] })

  /** Lets report look at what was asked of it. */
  async function settled<T>(result: T): Promise<T> {
    for (const key of woken.splice(0)) await written(key)
    return result
  }

  async function end(build: Build, change: Partial<JobRun>): Promise<Build> {
    const run = jobKeys(build).record('end')
    // All builds are queued a minute after those of other tests.
    const times = { startedAt: after(62).toISOString(), endedAt: after(104).toISOString() }
    const ended = endedRun({ nonce: build.nonce, ...times, ...change })
    await store.put(run, JSON.stringify(ended), 'application/json')
    await written(run)
    return build
  }

  const ENDS = {
    passed: {},
    failed: { conclusion: 'failed', exit: { kind: 'exited', code: 1 }, reason: 'npm test' },
    skipped: { conclusion: 'skipped', exit: null, reason: 'None of the files is covered.' },
  } as const
  const built = (result: AdmissionResult): Build => {
    if ('build' in result) return result.build
    throw new Error(JSON.stringify(result))
  }
  const requestOf = (trigger: string, commit: string, headName: string) => {
    const pull = trigger.startsWith('pr/') ? Number(trigger.slice('pr/'.length)) : null
    return makeBuild({
      trigger,
      commit,
      checkoutBranch: headName,
      branch: pull ? 'master' : headName,
      event: pull ? 'pull_request' : 'push',
      pullRequest: pull,
    })
  }

  return {
    store,
    heads,
    /** `<first letter of the commit> <context>`: `<state>: <description>`. */
    shown,
    /** A push to a branch (`push/topic`), or the event of a pull request (`pr/7`) whose branch is `headName`. */
    arrive: async (trigger: string, commit: string, headName = trigger.slice(trigger.indexOf('/') + 1)) => {
      heads.set(headName, commit)
      const request = requestOf(trigger, commit, headName)
      const id = `delivery-${++deliveries}`
      return settled(built(await admit(id, { request, isArrival: true }, context())))
    },
    /** A push whose commit says that it is not to be built. */
    arriveUnbuilt: async (branch: string, commit: string) => {
      heads.set(branch, commit)
      const request = requestOf(`push/${branch}`, commit, branch)
      const ignored = 'The commit message contains "[skip ci]": this push is not built.'
      const result = await admit(`delivery-${++deliveries}`, { request, ignored, isArrival: true }, context())
      return settled(result)
    },
    rebuild: async ({ number }: Build) =>
      settled(built(await admitRebuild(`delivery-${++deliveries}`, { project: PROJECT, number }, context()))),
    redeliver: async (build: Build) =>
      settled(built(await admit(build.delivery, { request: build, isArrival: true }, context()))),
    close: async (trigger: string) =>
      settled(await recordGone(watched, { project: PROJECT, trigger }, after(60))),
    passed: (build: Build) => end(build, ENDS.passed),
    failed: (build: Build) => end(build, ENDS.failed),
    skipped: (build: Build) => end(build, ENDS.skipped),
  }
}
