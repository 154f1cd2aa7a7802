import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BuildLog } from '../../../src/log/build-log.ts'
import { isSegment, type LogKeys, segmentsPrefix } from '../../../src/log/log-keys.ts'
import { readLineIndex, readLog, tail } from '../../../src/log/reader.ts'
import { composeLog, createSink, type LogSink } from '../../../src/log/sink.ts'
import { LogStreamer } from '../../../src/log/streamer.ts'
import type { Store } from '../../../src/records/store.ts'
import { type Bucket, openDirectBucket } from '../../support/bucket.ts'

const MIB = 1024 * 1024

let bucket: Bucket
let store: Store
beforeAll(async () => {
  bucket = await openDirectBucket()
  store = bucket.store
})
afterAll(() => bucket.close())

let builds = 0

/** The log keys of another build. */
function nextBuild(): LogKeys {
  const build = `gh/owner/repo/builds/${++builds}/`
  return {
    segment: firstByte => `${build}log/${String(firstByte).padStart(12, '0')}.txt`,
    lines: `${build}log/lines.json`,
    whole: `${build}log.txt`,
  }
}

async function writeLog(keys: LogKeys, target: Store, chunks: Iterable<Uint8Array>) {
  const sink = createSink(target, keys)
  const streamer = new LogStreamer({ upload: sink.upload, stored: sink.stored, backOffMs: 1 })
  for (const chunk of chunks) {
    sink.lines.add(chunk)
    await streamer.write(chunk)
  }
  const end = await streamer.end()
  await sink.finish()
  return end
}

function* pieces(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** Stores a segment as the streamer does. */
async function storeSegment(sink: LogSink, firstByte: number, bytes: Uint8Array) {
  const segment = Buffer.from(bytes)
  sink.lines.add(segment)
  await sink.upload(firstByte, segment)
  await sink.stored(firstByte, segment)
  segment.fill('#')
}

const body = async (key: string) => Buffer.from((await store.get(key))?.body ?? [])
const segments = async (keys: LogKeys) => (await store.list(segmentsPrefix(keys))).filter(isSegment)

/** A store that records its calls and fails if `fails` says so: before or after the operation. */
function observedStore(fails: (call: string) => 'before' | 'after' | null = () => null) {
  const calls: string[] = []
  const wrap =
    <A extends unknown[], R>(name: string, call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      calls.push(name)
      const failure = fails(name)
      if (failure === 'before') throw new Error('503')
      const result = await call(...args)
      if (failure === 'after') throw new Error('lost connection')
      return result
    }
  const { multipart } = store
  const observed: Store = {
    ...store,
    get: wrap('get', store.get),
    getRange: wrap('getRange', store.getRange),
    list: wrap('list', store.list),
    put: wrap('put', store.put),
    putOnce: wrap('putOnce', store.putOnce),
    multipart: {
      start: wrap('start', multipart.start),
      upload: wrap('upload', multipart.upload),
      copy: wrap('copy', multipart.copy),
      complete: wrap('complete', multipart.complete),
    },
  }
  return { observed, calls }
}

describe('log.txt', () => {
  it.each([
    ['nothing', 0, 100],
    ['a few bytes', 10, 3],
    ['5 MiB and a byte', 5 * MIB + 1, 64 * 1024],
    ['12 MB in small writes', 12_000_000, 1000],
    ['20 MB at once', 20_000_000, 20_000_000],
    ['30 MiB in pipe-sized chunks', 30 * MIB, 64 * 1024],
  ])('equals what was written: %s', async (_, size, chunk) => {
    const keys = nextBuild()
    const log = randomBytes(size)
    expect(await writeLog(keys, store, pieces(log, chunk))).toMatchObject({ bytes: size, complete: true })
    expect((await body(keys.whole)).equals(log)).toBe(true)
    const live = await Promise.all((await segments(keys)).map(({ key }) => body(key)))
    expect(Buffer.concat(live).equals(log)).toBe(true)
  })

  it('of a small build takes one put besides that of the segment', async () => {
    const { observed, calls } = observedStore()
    await writeLog(nextBuild(), observed, [Buffer.from('small')])
    expect(calls).toEqual(['putOnce', 'putOnce'])
  })

  it('contains large segments that S3 copies', async () => {
    const { observed, calls } = observedStore()
    const keys = nextBuild()
    const sink = createSink(observed, keys, 0)
    const [big, small] = [randomBytes(6 * MIB), randomBytes(MIB)]
    await storeSegment(sink, 0, big)
    await storeSegment(sink, 6 * MIB, small)
    await storeSegment(sink, 7 * MIB, big)
    await sink.finish()
    expect(calls.toSorted()).toEqual([
      ...['complete', 'copy'],
      // The line index, at most once per megabyte.
      ...['put', 'put', 'put'],
      ...['putOnce', 'putOnce', 'putOnce'],
      ...['start', 'upload'],
    ])
    expect((await body(keys.whole)).equals(Buffer.concat([big, small, big]))).toBe(true)
  })

  it('is complete even if every call fails at first, before or after its effect', async () => {
    const seen = new Map<string, number>()
    const { observed } = observedStore(call => {
      const times = (seen.get(call) ?? 0) + 1
      seen.set(call, times)
      return times % 3 === 1 ? 'before' : times % 3 === 2 ? 'after' : null
    })
    const keys = nextBuild()
    const log = randomBytes(14 * MIB)
    const sink = createSink(observed, keys)
    const streamer = new LogStreamer({
      upload: sink.upload,
      stored: sink.stored,
      backOffMs: 1,
      segmentBytes: 3 * MIB,
      endTries: 9,
    })
    for (const chunk of pieces(log, MIB)) await streamer.write(chunk)
    expect(await streamer.end()).toMatchObject({ bytes: log.length, complete: true })
    while (
      !(await sink.finish().then(
        () => true,
        () => false,
      ))
    ) {}
    expect((await body(keys.whole)).equals(log)).toBe(true)
  })
})

describe('the line index', () => {
  it('is written for a large log', async () => {
    const keys = nextBuild()
    const log = Buffer.from(Array.from({ length: 300_000 }, (_, line) => `line ${line + 1}\n`).join(''))
    await writeLog(keys, store, pieces(log, 64 * 1024))
    const index = await readLineIndex(store, keys)
    const text = log.toString()
    for (const [at, newlines] of index!.lines.entries())
      expect(newlines).toBe(text.slice(0, at * index!.stride).split('\n').length - 1)
    expect(index!.lines.length).toBeGreaterThan(40)
  })

  it('is written once per interval, and at the end', async () => {
    const { observed, calls } = observedStore()
    const keys = nextBuild()
    const sink = createSink(observed, keys, 60_000)
    const segment = Buffer.alloc(6 * MIB, 'line\n')
    for (const index of [0, 1, 2]) await storeSegment(sink, index * segment.length, segment)
    await sink.finish()
    // The index after the first segment, and the index of the whole log.
    expect(calls.filter(call => call === 'put')).toHaveLength(2)
    const index = await readLineIndex(store, keys)
    expect((index!.lines.length - 1) * index!.stride).toBeGreaterThan(2.9 * segment.length)
  })

  it('is not part of the log, is not written for a small log, and is ignored if invalid', async () => {
    const keys = nextBuild()
    await writeLog(keys, store, [Buffer.from('small\n')])
    expect(await readLineIndex(store, keys)).toBeNull()
    for (const text of ['{', '[]', '{"stride":0,"lines":[0]}', `{"lines":[${'1,'.repeat(40_000)}1]}`]) {
      await store.put(keys.lines, text, 'application/json')
      expect(await readLineIndex(store, keys)).toBeNull()
    }
    await store.remove(keys.whole)
    expect(Buffer.from((await readLog(store, keys, 0, 100)).bytes).toString()).toBe('small\n')
    expect(await tail(store, keys)).toBe('small')
  })
})

describe('composeLog', () => {
  it('notes a missing segment, of which the next one was stored', async () => {
    const keys = nextBuild()
    await store.put(keys.segment(0), 'begun\n', 'text/plain')
    await store.put(keys.segment(1030), 'and so on\n', 'text/plain')
    await composeLog(store, await segments(keys), keys.whole, '▸ Died\n')
    expect((await body(keys.whole)).toString()).toBe(
      'begun\n\n▸ 1 KB of the log are missing here\nand so on\n▸ Died\n',
    )
  })

  it.each([
    ['small segments', [10, 20, 30]],
    ['none', []],
    ['large and small ones', [6 * MIB, 100, 3 * MIB, 3 * MIB, 5 * MIB, 10]],
  ])('completes the log of a build that died: %s', async (_, sizes) => {
    const keys = nextBuild()
    const sink = createSink(store, keys)
    const log: Buffer[] = []
    let at = 0
    for (const size of sizes) {
      log.push(Buffer.alloc(size, at % 251))
      await storeSegment(sink, at, log.at(-1)!)
      at += size
    }
    await composeLog(store, await segments(keys), keys.whole, '▸ Died\n')
    const expected = Buffer.concat([...log, Buffer.from(sizes.length > 0 ? '\n▸ Died\n' : '▸ Died\n')])
    expect((await body(keys.whole)).equals(expected)).toBe(true)
  })
})

describe('readLog', () => {
  it('follows a growing log and recognizes its end', async () => {
    const keys = nextBuild()
    const sink = createSink(store, keys)
    expect(await readLog(store, keys, 0, 100)).toMatchObject({ next: 0, ended: false })
    await storeSegment(sink, 0, Buffer.from('hello '))
    await storeSegment(sink, 6, Buffer.from('world'))
    const read = async (from: number, maxBytes: number) => {
      const { bytes, ...rest } = await readLog(store, keys, from, maxBytes)
      return { text: Buffer.from(bytes).toString(), ...rest }
    }
    expect(await read(0, 100)).toEqual({ text: 'hello world', next: 11, ended: false })
    expect(await read(4, 4)).toEqual({ text: 'o wo', next: 8, ended: false })
    expect(await read(11, 100)).toEqual({ text: '', next: 11, ended: false })
    await storeSegment(sink, 11, Buffer.from('!'))
    expect(await read(11, 100)).toEqual({ text: '!', next: 12, ended: false })
    await sink.finish()
    expect(await read(6, 100)).toEqual({ text: 'world!', next: 12, ended: true })
    expect(await read(12, 100)).toEqual({ text: '', next: 12, ended: true })
    expect(await read(99, 100)).toEqual({ text: '', next: 99, ended: true })
    expect(await read(0, 12)).toEqual({ text: 'hello world!', next: 12, ended: false })
  })

  it('recognizes the end of an empty log', async () => {
    const keys = nextBuild()
    await createSink(store, keys).finish()
    expect(await readLog(store, keys, 0, 100)).toMatchObject({ next: 0, ended: true })
  })

  it('reads a log of many small segments in several cheap calls', async () => {
    const keys = nextBuild()
    const sink = createSink(store, keys)
    for (let at = 0; at < 400; at += 4) await storeSegment(sink, at, Buffer.from('1234'))
    const { observed, calls } = observedStore()
    let text = ''
    for (let from = 0; from < 400; from = text.length) {
      calls.length = 0
      text += Buffer.from((await readLog(observed, keys, from, MIB)).bytes).toString()
      expect(calls.filter(call => call === 'list')).toHaveLength(1)
      expect(calls.length).toBeLessThan(40)
    }
    expect(text).toBe('1234'.repeat(100))
  })
})

describe('tail', () => {
  it('returns the last lines of a running and of an ended build', async () => {
    const keys = nextBuild()
    const sink = createSink(store, keys)
    expect(await tail(store, keys)).toBe('')
    let at = 0
    const write = async (text: string) => {
      await storeSegment(sink, at, Buffer.from(text))
      at += text.length
    }
    await write('x\n'.repeat(100_000))
    for (let line = 1; line <= 50; line++) await write(`${line}\n`)
    const { observed, calls } = observedStore()
    expect(await tail(observed, keys, 3)).toBe('48\n49\n50')
    await sink.finish()
    calls.length = 0
    expect(await tail(observed, keys, 3)).toBe('48\n49\n50')
    expect(calls).toEqual(['list', 'getRange'])
    expect((await tail(store, keys)).split('\n')).toHaveLength(20)
  })

  it.each([
    [
      'a progress bar',
      Array.from({ length: 20_000 }, (_, index) => `\rcopied ${index + 1} of 20000`).join(''),
    ],
    ['an endless line', 'x'.repeat(600_000)],
    ['blank lines', '\n'.repeat(600_000)],
  ])('has the error before what fills the end that is read at first: %s', async (_, noise) => {
    const keys = nextBuild()
    await writeLog(keys, store, [Buffer.from(`before\nError: disk full\n${noise}\n▸ exit code 1\n`)])
    const lines = (await tail(store, keys)).split('\n')
    expect(lines).toContain('Error: disk full')
    expect(lines.at(-1)).toBe('▸ exit code 1')
    expect(lines.every(line => line.length <= 500)).toBe(true)
    await store.remove(keys.whole)
    expect((await tail(store, keys)).split('\n')).toEqual(lines)
  })
})

it('if log.txt cannot be written, the segments contain the complete log', async () => {
  const keys = nextBuild()
  const putOnce: Store['putOnce'] = async (key, ...rest) => {
    if (key === keys.whole) throw new Error('503')
    return store.putOnce(key, ...rest)
  }
  const log = new BuildLog(createSink({ ...store, putOnce }, keys), [], { limitBytes: MIB, uploadMs: 1000 })
  await log.write(Buffer.from('begins\n'))
  await expect.poll(() => segments(keys), { timeout: 5000 }).toHaveLength(1)
  await log.write(Buffer.from('says why\n'))
  expect((await log.end()).log).toEqual({ bytes: 16, complete: false, segments: 2 })
  expect((await readLog(store, keys, 0, MIB)).bytes.toString()).toBe('begins\nsays why\n')
})
