import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findRunner } from './find-runner.mjs'

// Looks for a text in what a command can reach: its variables, the environment of every process, the memory of the processes of its
// sandbox, and the files of its sandbox. In hexadecimal, so that the search does not find its own input.
const needle = Buffer.from(process.env.NEEDLE, 'hex')
const found = new Set()
const look = (where, bytes) => bytes.includes(needle) && found.add(where)
const attempt = (read, otherwise) => {
  try {
    return read()
  } catch {
    return otherwise
  }
}

look('variables', Buffer.from(JSON.stringify(process.env)))
for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name)))
  look(
    'environments',
    attempt(() => readFileSync(`/proc/${pid}/environ`), Buffer.alloc(0)),
  )

const { pid } = findRunner()
const memory = openSync(`/proc/${pid}/mem`, 'r')
const chunk = Buffer.alloc(4 * 1024 * 1024)
let megabytes = 0
for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
  const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) r/.exec(line) ?? []
  if (from === undefined) continue
  const end = BigInt(`0x${to}`)
  for (let at = BigInt(`0x${from}`); at < end; at += BigInt(chunk.length - 4096)) {
    const length = attempt(() => readSync(memory, chunk, 0, Math.min(chunk.length, Number(end - at)), at), 0)
    if (length === 0) break
    megabytes += length / 1024 / 1024
    look('memory', chunk.subarray(0, length))
  }
}
closeSync(memory)

let files = 0
for (const entry of readdirSync(dirname(process.env.HOME), { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue
  files += 1
  look(
    'files',
    attempt(() => readFileSync(join(entry.parentPath, entry.name)), Buffer.alloc(0)),
  )
}
console.log(`searched ${Math.round(megabytes)} MB of memory and ${files} files`)
console.log(`found in: ${[...found].toSorted().join(', ')}.`)
