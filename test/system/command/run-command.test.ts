import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Command, runCommand } from '../../../src/command/run-command.ts'
import { UserError } from '../../../src/model/user-error.ts'

let cwd: string
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'command-'))
})
afterAll(() => rm(cwd, { recursive: true }))

const env = { PATH: process.env.PATH ?? '', HOME: '/nowhere' }

async function run(command: string, more: Partial<Command> = {}) {
  const chunks: Uint8Array[] = []
  const onOutput = async (bytes: Uint8Array) => {
    chunks.push(Buffer.from(bytes))
  }
  const end = await runCommand({ command, cwd, env, deadline: null, onOutput, graceMs: 500, ...more })
  const bytes = Buffer.concat(chunks)
  return { ...end, bytes, output: bytes.toString() }
}

async function isGone(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => 'State:\tZ')
  return /^State:\t[ZX]/m.test(status)
}

async function untilGone(pid: number) {
  while (!(await isGone(pid))) await sleep(10)
}

describe('the exit of a command', () => {
  it.each([
    ['true', 0],
    ['exit 3', 3],
    ['nosuchcommand', 127],
    ['bash -c "kill -9 \\$\\$"; exit $?', 137],
    ['-x', 127],
  ])('%s exits with code %d', async (command, code) => {
    expect((await run(command)).exit).toEqual({ kind: 'exited', code })
  })

  it.each(['SIGKILL', 'SIGTERM', 'SIGSEGV'])('a shell killed by %s has no exit code', async signal => {
    expect((await run(`kill -${signal.slice(3)} $$; sleep 9`)).exit).toEqual({ kind: 'signalled', signal })
  })

  it('is that of the last of several lines', async () => {
    expect((await run('true\nfalse\n')).exit).toEqual({ kind: 'exited', code: 1 })
  })
})

describe('the output of a command', () => {
  it('keeps the order of stdout and stderr', async () => {
    const { output } = await run('for i in $(seq 300); do echo $i; echo $i >&2; done')
    expect(output).toBe(Array.from({ length: 300 }, (_, i) => `${i + 1}\n${i + 1}\n`).join(''))
  })

  it('goes through a real pipe, which can be reopened', async () => {
    const { output, exit } = await run(
      'echo a > /dev/stderr; echo b | tee /dev/stdout; echo c > /proc/self/fd/1',
    )
    expect({ output, exit }).toEqual({ output: 'a\nb\nb\nc\n', exit: { kind: 'exited', code: 0 } })
  })

  const SEQUENCE = 'sleep 0.2; seq 1 400000; code=$?; kill %1 2> /dev/null; exit $code'
  it.each([
    ['killed', 'node -e "process.stdout.write(`.`); process.kill(process.pid, 9)"'],
    ['in the background', 'node -e "console.log(); setTimeout(() => {}, 9000)" & sleep 0.5'],
    ['killed, and its flag set on stderr', 'node -e "console.error(); process.kill(process.pid, 9)" 2>&1'],
    ['killed, without any output', 'node -e "process.stdout; process.kill(process.pid, 9)"'],
  ])('stays blocking for other processes if a Node child sets O_NONBLOCK: %s', async (_, child) => {
    let taken = 0
    const onOutput = async (bytes: Uint8Array) => {
      taken += bytes.length
      // The pipe gets full.
      await sleep(1)
    }
    const { exit } = await run(`${child}; ${SEQUENCE}`, { onOutput })
    expect(exit).toEqual({ kind: 'exited', code: 0 })
    expect(taken).toBeGreaterThan(2_688_000)
  })

  const hasPerl = spawnSync('perl', ['-e', '1']).status === 0
  const size = `perl -e 'open F, ">&=3"; print fcntl(F, 1032, 0)'`
  const enlarged = `exec 3>&1; until [ "$(${size})" -ge 524288 ]; do sleep 0.02; done`
  it.runIf(process.platform === 'linux' && hasPerl)('has more room than pipes have by default', async () => {
    let taken = 0
    const onOutput = async (bytes: Uint8Array) => {
      while (!existsSync(join(cwd, 'written'))) await sleep(10)
      taken += bytes.length
    }
    await run(`${enlarged}; head -c 400000 /dev/zero; touch written`, { onOutput })
    expect(taken).toBe(400_000)
  })

  it.runIf(process.platform === 'linux' && hasPerl)(
    'is gathered in a large pipe before it is read',
    async () => {
      const sizes: number[] = []
      let [text, start, end] = ['', 0, 0]
      const onOutput = async (bytes: Uint8Array) => {
        end = performance.now()
        start ||= end
        text += Buffer.from(bytes).toString()
        sizes.push(bytes.length)
      }
      await run(`${enlarged}; for i in {1..20000}; do echo "line $i"; done`, { onOutput })
      expect(text).toBe(Array.from({ length: 20_000 }, (_, index) => `line ${index + 1}\n`).join(''))
      expect(sizes.filter(size => size < 32 * 1024).length).toBeLessThan(10 + 2 * (end - start))
    },
  )

  it('is not overwritten before a slow consumer has taken it', async () => {
    let output = ''
    const onOutput = async (bytes: Uint8Array) => {
      await sleep(1)
      output += Buffer.from(bytes).toString()
    }
    await run('seq 100000', { onOutput })
    expect(output).toBe(Array.from({ length: 100_000 }, (_, index) => `${index + 1}\n`).join(''))
  })

  it('is bytes, not text', async () => {
    const { bytes } = await run(String.raw`printf 'a\0b\377\r\n\033[1m'`)
    expect(bytes).toEqual(Buffer.from('a\0b\xff\r\n\x1b[1m', 'latin1'))
  })

  it('is read no faster than the consumer takes it, and arrives completely', async () => {
    let taken = 0
    let progress = 0
    const onOutput = async (bytes: Uint8Array) => {
      if (taken === 0) {
        await sleep(500)
        progress = Number(await readFile(join(cwd, 'progress'), 'utf8').catch(() => 0))
      }
      taken += bytes.length
    }
    const step = 'head -c 1000000 /dev/zero; echo $i > progress'
    const { exit } = await run(`for i in $(seq 50); do ${step}; done`, { onOutput })
    expect({ exit, taken, progress }).toEqual({
      exit: { kind: 'exited', code: 0 },
      taken: 50_000_000,
      progress: 0,
    })
  })

  it('is delivered to a slow consumer even after the end of the command', async () => {
    let taken = 0
    const onOutput = async (bytes: Uint8Array) => {
      await sleep(400)
      taken += bytes.length
    }
    await run('head -c 100000 /dev/zero', { onOutput })
    expect(taken).toBe(100_000)
  })

  it('stops the command if the consumer fails, and throws its error', async () => {
    const onOutput = () => Promise.reject(new Error('full'))
    await expect(run('echo x; sleep 100', { onOutput })).rejects.toThrow('full')
  })
})

/** More than the 6 MB that Linux gives to variables at most. */
const many = (value: string) =>
  Object.fromEntries(Array.from({ length: 70 }, (_, index) => [`N${index}`, value]))

describe('the environment of a command', () => {
  it('may contain a variable of 128 KiB, name included', async () => {
    const { output } = await run('printf %s "$BIG" | wc -c', { env: { ...env, BIG: 'x'.repeat(131_067) } })
    expect(output).toBe('131067\n')
  })

  it('is not to blame for a command that is too long', async () => {
    const failure = await run(`# ${'x'.repeat(131_072)}`).catch(error => error)
    expect(failure).toBeInstanceOf(UserError)
    expect(failure.message).toMatch(/^The command is too long to be started: 131075 bytes .* into a script/)
  })

  it('consists of the given directory and variables only, without input', async () => {
    const { output } = await run('pwd; env | cut -d= -f1 | sort | xargs; cat')
    expect(output).toBe(`${cwd}\nHOME PATH PWD SHLVL _\n`)
  })

  it.each([
    ['a missing directory', { cwd: '/nonexistent' }, /directory \/nonexistent does not exist/],
    ['a missing shell', { env: { PATH: '/nonexistent' } }, /bash was not found/],
    [
      'a variable that is too large',
      { env: { ...env, SMALL: 'x', BIG: 'x'.repeat(131_072) } },
      /^The variable BIG is .* 131077 bytes/,
    ],
    [
      'variables that are too large together',
      { env: { ...env, LARGEST: 'y'.repeat(131_000), ...many('x'.repeat(100_000)) } },
      /^The command and its \d+ variables are too large together: \d{7,} bytes\. The largest variable is LARGEST \(/,
    ],
    ['NUL in a variable', { env: { ...env, X: 'a\0b' } }, /NUL/],
  ])('%s is a UserError that explains it', async (_, more, message) => {
    const failure = await run('true', more).catch(error => error)
    expect(failure).toBeInstanceOf(UserError)
    expect(failure.message).toMatch(message)
  })
})

describe('stopping', () => {
  it('at the deadline kills a process that ignores SIGTERM', async () => {
    const { exit, output } = await run('trap "" TERM; echo $$; while :; do sleep 0.1; done', {
      deadline: Date.now() + 300,
      graceMs: 200,
    })
    expect(exit).toMatchObject({ kind: 'timed-out', afterMs: expect.any(Number) })
    await untilGone(Number(output))
  })

  it('gives the whole process group the grace period', async () => {
    const child = `bash -c 'trap "echo tidy; exit" TERM; echo ready; while :; do sleep 0.05; done'`
    const { exit, output } = await run(`${child}; echo never`, { deadline: Date.now() + 500, graceMs: 5000 })
    expect(exit.kind).toBe('timed-out')
    expect(output).toContain('tidy\n')
    expect(output).not.toContain('never')
  })

  it('does not count as success if a trap exits with 0', async () => {
    const command = 'trap "exit 0" TERM; echo ready; while :; do sleep 0.05; done'
    const stop = new AbortController()
    const onOutput = async () => stop.abort()
    expect((await run(command, { signal: stop.signal, onOutput })).exit.kind).toBe('signalled')
    expect((await run(command, { deadline: Date.now() + 300 })).exit.kind).toBe('timed-out')
  })

  it('does not wait for a hanging consumer', async () => {
    const onOutput = () => new Promise<void>(() => {})
    const { exit } = await run('yes', { deadline: Date.now() + 200, graceMs: 200, onOutput })
    expect(exit.kind).toBe('timed-out')
  })
})

describe('output on its way when the shell ends', () => {
  const LINES = 'for i in $(seq 1 30); do echo "line $i"; done; echo "last word"; exit 3'
  it.each([
    ['a slow filter', `exec > >(while read -r line; do sleep 0.02; echo "> $line"; done); ${LINES}`],
    ['a filter that waits for its end', `exec > >(sleep 0.8; cat); ${LINES}`],
    [
      'a filter of stderr alone',
      `exec 2> >(while read -r line; do sleep 0.02; echo "> $line"; done >&2); exec >&2; ${LINES}`,
    ],
    ['a pipe into a background process', `mkfifo f; { sleep 0.5; tee copy; } < f & exec > f; ${LINES}`],
    [
      'a background process that still writes',
      `(for i in 1 2 3 4 5; do sleep 0.15; echo $i; done; echo "last word") & exit 3`,
    ],
  ])('is kept: %s', async (_, command) => {
    const { exit, output, background } = await run(command)
    expect({ exit, background }).toEqual({ exit: { kind: 'exited', code: 3 }, background: 'ended' })
    expect(output).toMatch(/last word\n$/)
  })

  it.each([
    ['that writes on', '(while :; do echo x; sleep 0.01; done) &', 'writing'],
    ['that filters and never ends', 'exec > >(cat; sleep 1000); echo told', 'writing'],
    ['that is silent', 'sleep 1000 &', 'silent'],
    ['that is silent in its own session', 'setsid sleep 1 &', 'silent'],
  ])('is not waited for without end, and its loss is known: a process %s', async (_, command, background) => {
    expect(await run(`${command}\nexit 3`, { backgroundMs: 600 })).toMatchObject({
      exit: { kind: 'exited', code: 3 },
      background,
    })
  })

  it('is taken within the deadline and until the build is cancelled', async () => {
    const endless = '(while :; do echo x; sleep 0.01; done) & exit 3'
    const ended = { exit: { kind: 'exited', code: 3 }, background: 'writing' }
    expect(await run(endless, { deadline: Date.now() + 1000, backgroundMs: 600_000 })).toMatchObject(ended)
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 400)
    expect(await run(endless, { signal: stop.signal, backgroundMs: 600_000 })).toMatchObject(ended)
  })
})

describe('remaining children', () => {
  it('in the background are killed with the command, even if they hold its output', async () => {
    const { exit, output } = await run('sleep 1000 & echo $!')
    expect(exit).toEqual({ kind: 'exited', code: 0 })
    await untilGone(Number(output))
  })

  it.each([
    ['silent', 'exec sleep 1000'],
    ['writing slowly', 'while :; do echo x; sleep 0.01; done'],
    ['writing endlessly', 'exec yes'],
  ])('in their own session do not delay the end: %s', async (_, loop) => {
    let output = ''
    const onOutput = async (bytes: Uint8Array) => {
      output ||= Buffer.from(bytes).toString()
      await sleep(5)
    }
    const { exit } = await run(`setsid bash -c 'echo $$; ${loop}' & sleep 0.3`, {
      onOutput,
      backgroundMs: 300,
    })
    const pid = Number(output.slice(0, output.indexOf('\n')))
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // The process has already died of the broken pipe.
    }
    expect(exit).toEqual({ kind: 'exited', code: 0 })
  })
})
