import { createWriteStream } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { OpenResources } from '../../../loopback/open-resources.ts'
import type { Mail } from '../../../loopback/sns/delivery.ts'
import { passVariables } from '../../../loopback/system/account.ts'
import { EXAMPLE, pushExample } from '../../../loopback/system/example.ts'
import { type System, type SystemOptions, startSystem } from '../../../loopback/system/system.ts'
import { projectNamed } from '../../model/names.ts'
import { UserError } from '../../model/user-error.ts'
import { lastNumber } from '../../records/counter.ts'
import { jsonOf } from '../../records/json-view.ts'
import type { BuildRef } from '../../records/keys.ts'
import { buildUrl, homeUrl } from '../../records/links.ts'
import { readBuild } from '../../records/read-records.ts'
import type { Store } from '../../records/store.ts'
import type { View } from '../../records/view.ts'
import { EXIT } from '../exit-codes.ts'
import { forwardedVariables } from '../forwarded-variables.ts'
import { onInterruption } from '../interruption.ts'
import { type Io, jsonText, printBytes, printLine, styleFor } from '../io.ts'
import { BuildWatcher } from './build-watcher.ts'
import { exitCodeOf, followLog, waitForEnd } from './follow.ts'
import { DATA_DIRECTORY, rememberDataDirectory } from './local-system.ts'
import {
  describeBegin,
  describeBuild,
  describeEarlier,
  describeEnd,
  describeNext,
  describeStart,
  type Status,
} from './local-text.ts'
import { printLog } from './logs.ts'

const START_TIMEOUT_MS = 30_000

export type LocalOptions = { port: number; data?: string; once?: boolean; json?: boolean }

/**
 * `lambci local`: runs the whole system on this machine and builds an example repository. Runs until it is interrupted
 * or, with `once`, until the example build has ended. Returns the exit code.
 * @param functions how the functions are run, other than from a checkout's sources or the package's bundles
 */
export async function runLocal(
  { port, data = DATA_DIRECTORY, once = false, json = false }: LocalOptions,
  io: Io,
  functions: Pick<SystemOptions, 'moduleOf' | 'bootstrap' | 'environment' | 'hostConcurrency'> = {},
): Promise<number> {
  const directory = resolve(io.cwd(), data)
  await Promise.all([requireGit(), requireWritableDirectory(directory)])
  const watcher = new BuildWatcher()
  const mails: Mail[] = []
  const functionsLog = createWriteStream(join(directory, 'functions.log'), { flags: 'a' })
  await using opened = new OpenResources()
  opened.add(functionsLog, log => new Promise<void>(resolve => log.end(resolve)))
  const started = startSystem({
    ...functions,
    directory,
    port,
    slackApiUrl: io.env.LAMBCI_SLACK_API_URL,
    // Records written during shutdown can no longer be read, and are not needed.
    onRecord: key => void started.then(({ store }) => watcher.onWrite(store, key)).catch(() => {}),
    onMail: mail => {
      mails.push(mail)
      void saveMail(directory, mail)
    },
    onLog: (name, id, line) =>
      functionsLog.write(`${new Date().toISOString()} ${name} ${id ?? '-'} ${line}\n`),
  })
  const system = opened.add(await started, each => each.close())
  await rememberDataDirectory(directory, io)
  using interruption = onInterruption('SIGINT', 'SIGTERM')
  const interrupted = new Promise<number>(resolve =>
    interruption.signal.addEventListener('abort', () => resolve(0)),
  )
  const example = buildExample(system, { directory, once, json, watcher, mails, io })
  // A signal also interrupts the example build.
  const first = await Promise.race([example, interrupted.then(() => null)])
  if (once && !first) return EXIT.interrupted
  if (!first || !once) return await interrupted
  // Gives report invocations that are still running time to finish.
  await Promise.race([system.lambda.idle(), sleep(3000, undefined, { ref: false })])
  return exitCodeOf(first)
}

type ExampleContext = {
  directory: string
  once: boolean
  json: boolean
  watcher: BuildWatcher
  mails: Mail[]
  io: Io
}

async function buildExample(
  system: System,
  { directory, once, json, watcher, mails, io }: ExampleContext,
): Promise<View> {
  const { addresses, store, keys } = system
  const style = styleFor(io)
  const print = (text: string, value: unknown) => printLine(io, json ? jsonText(value) : text)
  const forwarded = forwardedVariables(io.env)
  await passVariables(store, directory, keys, forwarded)
  print(
    describeStart(
      addresses,
      homeUrl(addresses.url, keys.linkKey),
      directory,
      Object.keys(forwarded).length > 0,
      style,
    ),
    addresses,
  )

  const earlier = once ? null : await earlierExample(store)
  if (earlier) return showEarlier(earlier, system, { directory, json, watcher, io })
  if (!json) printLine(io, `Pushing ${EXAMPLE}, branch master …\n`)
  const ref = await Promise.race([
    pushExample(directory, addresses.github, commit => watcher.buildOf(commit)),
    sleep(START_TIMEOUT_MS, null, { ref: false }),
  ])
  if (!ref) {
    throw new UserError(
      `The push started no build within ${START_TIMEOUT_MS / 1000} s. See ${join(directory, 'functions.log')} for the reason.`,
    )
  }
  for await (const bytes of followLog(store, ref)) if (!json) await printBytes(io, bytes)
  const view = await waitForEnd(store, ref)
  if (!json) await printDeployLog(store, view, io)
  const build = await readBuild(store, ref)
  const url = build ? buildUrl(build, keys.linkKey) : ''
  const example = {
    view,
    url,
    statuses: await readStatuses(system, view),
    mail: mails.at(-1) ?? null,
    directory,
    addresses,
  }
  print(describeEnd(example, style), jsonOf(view))
  // With `once`, the system ends now.
  if (!json && !once) printLine(io, describeNext(example, style))
  printNextBuilds(view, keys.linkKey, { json, watcher, io })
  return view
}

/** The newest build of the example; null at the first start with a data directory. */
async function earlierExample(store: Store): Promise<BuildRef | null> {
  const project = projectNamed(EXAMPLE)
  const number = await lastNumber(store, project)
  return number > 0 && (await readBuild(store, { project, number })) ? { project, number } : null
}

type Printing = Pick<ExampleContext, 'json' | 'watcher' | 'io'>

/** Shows the example of an earlier start, which continues by itself if it is unfinished. */
async function showEarlier(
  ref: BuildRef,
  { store, keys, addresses }: System,
  printing: Printing & { directory: string },
): Promise<View> {
  const { json, io, directory } = printing
  const style = styleFor(io)
  const view = await waitForEnd(store, ref)
  const build = await readBuild(store, ref)
  const url = build ? buildUrl(build, keys.linkKey) : ''
  printLine(io, json ? jsonText(jsonOf(view)) : describeEarlier(view, url, style))
  if (!json) printLine(io, describeNext({ view, addresses, directory }, style))
  printNextBuilds(view, keys.linkKey, printing)
  return view
}

/** Prints each build that begins or ends from now on. */
function printNextBuilds(example: View, linkKey: string, { json, watcher, io }: Printing): void {
  const style = styleFor(io)
  if (!json)
    watcher.onBegin(next => printLine(io, describeBegin(next, buildUrl(next, linkKey), style)), example)
  watcher.onEnd(next => printLine(io, json ? jsonText(jsonOf(next)) : describeBuild(next, style)))
}

/** Prints the log of the deploy, a separate job that starts once everything else has passed. */
async function printDeployLog(store: Store, view: View, io: Io): Promise<void> {
  const ref = view.jobs.find(({ isDeploy }) => isDeploy)?.ref
  if (ref) await printLog(store, view, ref, bytes => printBytes(io, bytes))
}

async function readStatuses({ addresses }: System, view: View): Promise<Status[]> {
  const answer = await fetch(`${addresses.githubApi}/repos/${EXAMPLE}/commits/${view.commit}/statuses`, {
    headers: { authorization: `token ${addresses.githubToken}` },
  })
  return ((await answer.json()) as Status[]).reverse()
}

async function saveMail(directory: string, mail: Mail): Promise<void> {
  const file = `${new Date().toISOString().replaceAll(':', '-')}-${mail.messageId.slice(0, 8)}.txt`
  await mkdir(join(directory, 'mail'), { recursive: true })
  await writeFile(join(directory, 'mail', file), `To: ${mail.to}\nSubject: ${mail.subject}\n\n${mail.text}`)
}

async function requireGit(): Promise<void> {
  const { failed } = await execa('git', ['--version'], { reject: false })
  if (failed) throw new UserError('git is not installed or not on PATH. Install git and try again.')
}

async function requireWritableDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    await writeFile(join(directory, '.writable'), '')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new UserError(`Cannot write to the directory ${directory} (${code}). Choose another with --data.`)
  }
}
