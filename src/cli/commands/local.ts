import { createWriteStream } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import type { Mail } from '../../../loopback/sns/delivery.ts'
import { passVariables } from '../../../loopback/system/account.ts'
import { EXAMPLE, pushExample } from '../../../loopback/system/example.ts'
import { type System, startSystem } from '../../../loopback/system/system.ts'
import { UserError } from '../../model/user-error.ts'
import { buildUrl } from '../../records/links.ts'
import { readBuild } from '../../records/read-records.ts'
import type { View } from '../../records/view.ts'
import { isRed } from '../../records/wording.ts'
import { passedVariables } from '../passed-variables.ts'
import { BuildWatcher } from './build-watcher.ts'
import { followLog, waitForEnd } from './follow.ts'
import { describeBuild, describeEnd, describeNext, describeStart, type Status } from './local-text.ts'

const START_MS = 30_000
/** As a shell reports it: 128 and the number of SIGINT. */
const INTERRUPTED = 130

export type LocalOptions = { port: number; data: string; lazy?: boolean; json?: boolean }

/**
 * `lambci local`: the whole system on this machine, shown on an example repository. It stays until it is interrupted or,
 * with `once`, until the example's build has ended. Answers the exit code.
 */
export async function runLocal({ port, data, lazy = false, json = false }: LocalOptions): Promise<number> {
  const directory = resolve(data)
  await Promise.all([demandGit(), demandDirectory(directory)])
  const watcher = new BuildWatcher()
  const mails: Mail[] = []
  const functionsLog = createWriteStream(join(directory, 'functions.log'), { flags: 'a' })
  const started = startSystem({
    directory,
    port,
    slackApiUrl: process.env.LAMBCI_SLACK_API_URL,
    // What is written while we close can no longer be read, nor need it be.
    onRecord: key => void started.then(({ store }) => watcher.note(store, key)).catch(() => {}),
    onMail: mail => {
      mails.push(mail)
      void keepMail(directory, mail)
    },
    onLog: (name, id, line) =>
      functionsLog.write(`${new Date().toISOString()} ${name} ${id ?? '-'} ${line}\n`),
  })
  const system = await started
  const ended = new Promise<number>(end => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end(0))
  })
  try {
    const shown = showExample(system, { directory, json, watcher, mails })
    // A signal ends it at once, in the middle of the example too.
    const first = await Promise.race([shown, ended.then(() => null)])
    // Who asked for the example's result has not got one.
    if (lazy && !first) return INTERRUPTED
    if (!first || !lazy) return await ended
    // Reports that still look whether there is more to tell may do so in peace.
    await Promise.race([system.lambda.idle(), sleep(3000, undefined, { ref: false })])
    return isRed(first) ? 1 : 0
  } finally {
    await system.close()
    await new Promise<void>(ended => functionsLog.end(ended))
  }
}

type Show = { directory: string; json: boolean; watcher: BuildWatcher; mails: Mail[] }

async function showExample(system: System, { directory, json, watcher, mails }: Show): Promise<View> {
  const { addresses, store, keys } = system
  const print = (text: string, value: unknown) => console.log(json ? JSON.stringify(value) : text)
  const handed = passedVariables(process.env)
  await passVariables(store, directory, keys, handed)
  print(describeStart(addresses, directory, Object.keys(handed)), addresses)

  if (!json) console.log(`Pushing ${EXAMPLE}, branch master …\n`)
  const ref = await Promise.race([
    pushExample(directory, addresses.github, commit => watcher.buildOf(commit)),
    sleep(START_MS, null, { ref: false }),
  ])
  if (!ref) {
    throw new UserError(
      `The push has started no build within ${START_MS / 1000} s: ${join(directory, 'functions.log')} says why.`,
    )
  }
  for await (const bytes of followLog(store, ref)) if (!json) process.stdout.write(bytes)
  const view = await waitForEnd(store, ref)
  const build = await readBuild(store, ref)
  const url = build ? buildUrl(build, keys.linkKey) : ''
  const parts = {
    view,
    url,
    statuses: await readStatuses(system, view),
    mail: mails.at(-1) ?? null,
    directory,
    addresses,
  }
  print(describeEnd(parts), view)
  if (!json) console.log(describeNext(parts))
  watcher.onEnd(next => print(describeBuild(next), next))
  return view
}

async function readStatuses({ addresses }: System, view: View): Promise<Status[]> {
  const answer = await fetch(`${addresses.githubApi}/repos/${EXAMPLE}/commits/${view.commit}/statuses`, {
    headers: { authorization: `token ${addresses.githubToken}` },
  })
  return ((await answer.json()) as Status[]).reverse()
}

async function keepMail(directory: string, mail: Mail): Promise<void> {
  const file = `${new Date().toISOString().replaceAll(':', '-')}-${mail.messageId.slice(0, 8)}.txt`
  await mkdir(join(directory, 'mail'), { recursive: true })
  await writeFile(join(directory, 'mail', file), `To: ${mail.to}\nSubject: ${mail.subject}\n\n${mail.text}`)
}

async function demandGit(): Promise<void> {
  const { failed } = await execa('git', ['--version'], { reject: false })
  if (failed) throw new UserError('git is not installed, or not on PATH. Install git and start again.')
}

async function demandDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    await writeFile(join(directory, '.writable'), '')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new UserError(
      `The directory ${directory} cannot be written to (${code}). Choose another with --data.`,
    )
  }
}
