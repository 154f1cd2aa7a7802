import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { findRunner } from './find-runner.mjs'

// In hexadecimal, so that the search does not find its own input.
const needles = Object.entries(JSON.parse(process.env.NEEDLES)).map(([name, hex]) => [
  name,
  Buffer.from(hex, 'hex'),
])
const { pid, env } = findRunner()
const found = new Set(
  needles.filter(([, needle]) => JSON.stringify(env).includes(needle.toString())).map(([name]) => name),
)
const memory = openSync(`/proc/${pid}/mem`, 'r')
const chunk = Buffer.alloc(4 * 1024 * 1024)
const OVERLAP = 4096
for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
  const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) r/.exec(line) ?? []
  if (from === undefined) continue
  for (let at = BigInt(`0x${from}`); at < BigInt(`0x${to}`); at += BigInt(chunk.length - OVERLAP)) {
    let length = 0
    try {
      length = readSync(memory, chunk, 0, Math.min(chunk.length, Number(BigInt(`0x${to}`) - at)), at)
    } catch {
      break
    }
    const seen = chunk.subarray(0, length)
    for (const [name, needle] of needles) if (seen.includes(needle)) found.add(name)
  }
}
closeSync(memory)
console.log(`found: ${[...found].toSorted().join(', ')}.`)
