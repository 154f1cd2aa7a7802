import { AsyncLocalStorage, createHook } from 'node:async_hooks'
import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { LogStreamer, type StreamerOptions } from '../../../src/log/streamer.ts'

const KIB = 1024

function stream(options: Partial<StreamerOptions> = {}) {
  const uploads: Upload[] = []
  const upload = async (firstByte: number, bytes: Uint8Array) => {
    uploads.push({ firstByte, bytes: Buffer.from(bytes) })
  }
  const streamer = new LogStreamer({ upload, backOffMs: 1, intervalMs: 10, ...options })
  return { streamer, uploads, text: () => Buffer.concat(inOrder(uploads).map(one => one.bytes)).toString() }
}

type Upload = { firstByte: number; bytes: Buffer }
const inOrder = (uploads: Upload[]) => uploads.toSorted((one, other) => one.firstByte - other.firstByte)

/** Runs `work`, and returns how many of the timers that it has started are still there. Those of vitest do not count. */
async function timersLeftBy(work: () => Promise<void>): Promise<number> {
  const inWork = new AsyncLocalStorage<true>()
  const left = new Set<number>()
  const hook = createHook({
    init: (id, type) => {
      if (type === 'Timeout' && inWork.getStore()) left.add(id)
    },
    destroy: id => left.delete(id),
  }).enable()
  await inWork.run(true, work)
  // Node reports cleared timers in a later phase.
  for (let count = 0; count < 3; count++) await immediate()
  hook.disable()
  return left.size
}

describe('LogStreamer', () => {
  it('sends segments that make up the log, at most two at a time', async () => {
    let inFlight = 0
    const { streamer, uploads, text } = stream()
    const slow = new LogStreamer({
      intervalMs: 1,
      upload: async (firstByte, bytes) => {
        expect(++inFlight).toBeLessThanOrEqual(2)
        await sleep(3)
        uploads.push({ firstByte, bytes: Buffer.from(bytes) })
        inFlight--
      },
    })
    for (let i = 0; i < 200; i++) {
      const bytes = Buffer.from(`${i} `)
      await slow.write(bytes)
      // The next bytes are read into the same buffer.
      bytes.fill('#')
      if (i % 20 === 0) await sleep(2)
    }
    expect(await slow.end()).toMatchObject({ bytes: text().length, complete: true })
    expect(text()).toBe(Array.from({ length: 200 }, (_, i) => `${i} `).join(''))
    let at = 0
    for (const { firstByte, bytes } of inOrder(uploads)) {
      expect(firstByte).toBe(at)
      at += bytes.length
    }
    expect(uploads.length).toBeLessThan(100)
    await streamer.end()
  })

  it('sends buffered bytes after the interval, even a single one', async () => {
    const sent = Promise.withResolvers<string>()
    const { streamer } = stream({ upload: async (_, bytes) => sent.resolve(Buffer.from(bytes).toString()) })
    await streamer.write(Buffer.from('x'))
    expect(await sent.promise).toBe('x')
    await streamer.end()
  })

  it('sends large amounts immediately, in segments of the maximum size', async () => {
    const { streamer, uploads } = stream({ intervalMs: 1e9, flushBytes: 10, segmentBytes: 100 })
    await streamer.write(Buffer.alloc(9))
    await sleep(5)
    expect(uploads).toHaveLength(0)
    await streamer.write(Buffer.alloc(241))
    expect(await streamer.end()).toMatchObject({ bytes: 250, complete: true })
    expect(uploads.map(({ bytes }) => bytes.length)).toEqual([100, 100, 50])
  })

  it('makes writers wait when the buffer is full', async () => {
    const gate = Promise.withResolvers<void>()
    const { streamer } = stream({ bufferBytes: 64 * KIB, flushBytes: KIB, upload: () => gate.promise })
    let taken = 0
    const writing = (async () => {
      for (let i = 0; i < 100; i++) {
        await streamer.write(Buffer.alloc(KIB))
        taken++
      }
    })()
    await sleep(50)
    expect(taken).toBe(63)
    gate.resolve()
    await writing
    expect(await streamer.end()).toMatchObject({ bytes: 100 * KIB, complete: true })
  })

  it('retries an upload until it succeeds, as long as the build runs', async () => {
    let failures = 30
    const { streamer, uploads, text } = stream({ endTries: 2, backOffMs: 0.1 })
    const failing = new LogStreamer({
      intervalMs: 1,
      backOffMs: 0.1,
      endTries: 2,
      upload: async (firstByte, bytes) => {
        if (failures-- > 0) throw new Error('503')
        uploads.push({ firstByte, bytes: Buffer.from(bytes) })
      },
    })
    await failing.write(Buffer.from('one '))
    while (failures > 0) await sleep(5)
    await failing.write(Buffer.from('two'))
    expect(await failing.end()).toMatchObject({ bytes: 7, complete: true })
    expect(text()).toBe('one two')
    await streamer.end()
  })

  it('reports stored segments in order, even if the second arrives first', async () => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const delivered: number[] = []
    const { streamer } = stream({
      segmentBytes: 4,
      flushBytes: 4,
      upload: (firstByte: number) => gates[firstByte / 4]!.promise,
      stored: async firstByte => {
        delivered.push(firstByte)
      },
    })
    await streamer.write(Buffer.from('onetwo!!'))
    gates[1]!.resolve()
    await sleep(10)
    expect(delivered).toEqual([])
    gates[0]!.resolve()
    expect(await streamer.end()).toMatchObject({ bytes: 8, complete: true, segments: 2 })
    expect(delivered).toEqual([0, 4])
  })

  it('needs a few blocks of memory for a log of any size, and overwrites none before its segment is stored', async () => {
    const blocks = new Set<unknown>()
    let text = ''
    const { streamer } = stream({
      ...{ segmentBytes: 4, flushBytes: 4, bufferBytes: 12 },
      upload: async () => {},
      stored: async (_, bytes) => {
        blocks.add(bytes.buffer)
        await sleep(0)
        text += Buffer.from(bytes).toString()
      },
    })
    const written = Array.from({ length: 200 }, (_, i) => `${i} `).join('')
    for (const piece of written.match(/.{1,3}/g) ?? []) await streamer.write(Buffer.from(piece))
    expect(await streamer.end()).toMatchObject({ bytes: written.length, complete: true })
    expect(text).toBe(written)
    expect(blocks.size).toBeLessThanOrEqual(5)
  })

  it('counts only bytes without a gap before them as uploaded', async () => {
    const upload = async (firstByte: number) => {
      if (firstByte === 0) throw new Error('503')
    }
    const { streamer } = stream({ upload, segmentBytes: 4, flushBytes: 4, endTries: 2 })
    await streamer.write(Buffer.from('onetwo!!'))
    expect(await streamer.end()).toMatchObject({ bytes: 0, complete: false })
  })

  it('gives up at the end, reports it, and releases waiting writers', async () => {
    let tries = 0
    const upload = () => {
      tries++
      return Promise.reject(new Error('503'))
    }
    const { streamer } = stream({ upload, bufferBytes: 10, backOffMs: 1, endTries: 3, intervalMs: 1e9 })
    const stuck = streamer.write(Buffer.alloc(20))
    expect(await streamer.end()).toMatchObject({ bytes: 0, complete: false })
    await stuck
    expect(tries).toBe(3)
  })

  it('does not wait beyond the timeout for a hanging upload, and leaves no timer', async () => {
    const left = await timersLeftBy(async () => {
      const { streamer } = stream({ upload: () => new Promise(() => {}), endTimeoutMs: 20 })
      await streamer.write(Buffer.from('x'))
      expect(await streamer.end()).toMatchObject({ bytes: 0, complete: false })
    })
    expect(left).toBe(0)
  })

  it('ends immediately if nothing was written', async () => {
    const { streamer, uploads } = stream()
    expect(await streamer.end()).toMatchObject({ bytes: 0, complete: true })
    expect(uploads).toEqual([])
  })
})
