import { spawn } from 'node:child_process'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

type Context = { awsRequestId: string }

export async function throws(): Promise<never> {
  throw new RangeError('too far')
}

/** Fails the first `times` calls, counted by the lines of the file `tally`. */
export async function failsFirst(event: { tally: string; times: number }, context: Context) {
  appendFileSync(event.tally, `${context.awsRequestId}\n`)
  if (readFileSync(event.tally, 'utf8').trim().split('\n').length <= event.times) throw new Error('not yet')
}

export const hangs = () => sleep(600_000)

export const exits = () => process.exit(3)

export async function rejectsElsewhere() {
  Promise.reject(new Error('forgotten'))
  await sleep(600_000)
}

export const returnsTooMuch = async () => 'x'.repeat(7 * 1024 * 1024)

/**
 * Starts a shell as a build does, with its own process group and environment. The shell leaves a child in its group,
 * one in another session, and, if `disown` is set, one whose parent has exited. Writes all process ids to `pids`.
 */
export async function leavesProcesses({ pids, disown }: { pids: string; disown: boolean }) {
  const { PATH = '', LAMBCI_SANDBOX: HOME = '/' } = process.env
  const note = `echo $! >> ${pids}`
  const disowned = disown ? `(setsid sleep 600 & ${note});` : ''
  const script = `${disowned} sleep 600 & ${note}; setsid sleep 600 & ${note}; wait`
  const options = { stdio: 'ignore', detached: true, env: { PATH, HOME } } as const
  const shell = spawn('bash', ['-c', script], options)
  appendFileSync(pids, `${shell.pid}\n`)
  await sleep(600_000)
}

/** On the first call creates the file `mark` and hangs; later calls create `<mark>.again` and return. */
export async function hangsOnce(event: { mark: string }) {
  try {
    writeFileSync(event.mark, String(process.pid), { flag: 'wx' })
  } catch {
    writeFileSync(`${event.mark}.again`, '')
    return
  }
  await sleep(600_000)
}
