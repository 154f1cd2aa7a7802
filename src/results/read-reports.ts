import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { describeBytes } from '../model/describe-bytes.ts'
import { junitFormat } from './junit-format.ts'
import { tapFormat } from './tap-format.ts'
import {
  ReportError,
  type ReportedTest,
  type ReportedTime,
  type ReportParser,
  type TestReportFormat,
} from './test-report-format.ts'
import { TestTally } from './test-tally.ts'

/** The most bytes of one report, and of all reports of a job. */
export const MOST_BYTES = 20 * 1024 * 1024
const CHUNK = 64 * 1024

/** The first format that recognises a report reads it. */
export const FORMATS: readonly TestReportFormat[] = [junitFormat, tapFormat]

export type ReadReport = { path: string; format: TestReportFormat['name']; tests: number }

export type ReadReports = {
  tally: TestTally
  reports: ReadReport[]
  /** Why reports could not be read, each as a sentence. Tests before the error are counted. */
  errors: string[]
}

/**
 * Reads reports in their order. `onTime` is called for each test, and for the time that a suite took beyond its tests, with the path of
 * the report. Only regular files are opened, and no more is read than is allowed.
 */
export async function readReports(
  workspace: string,
  paths: readonly string[],
  signal?: AbortSignal,
  onTime?: (time: ReportedTime, path: string) => void,
): Promise<ReadReports> {
  const tally = new TestTally()
  const read: ReadReports = { tally, reports: [], errors: [] }
  let left = MOST_BYTES
  for (const path of paths) {
    let tests = 0
    const onTest = (test: ReportedTest) => {
      tests += 1
      // Packages of one repository have tests of the same name: only a report in the same directory can have a later run of the same
      // test.
      tally.add({ ...test, id: JSON.stringify([dirname(path), test.id]) })
      onTime?.(test, path)
    }
    const report = new ReportReader(onTest, time => onTime?.(time, path))
    try {
      for await (const chunk of chunksOf(join(workspace, path), left, signal)) {
        left -= chunk.length
        report.write(chunk)
      }
      report.end()
    } catch (error) {
      if (!(error instanceof ReportError)) throw error
      read.errors.push(`The test report ${path} ${error.message}.`)
    }
    if (report.format) read.reports.push({ path, format: report.format, tests })
  }
  return read
}

/** The bytes of a regular file. @throws ReportError if it is not one, or has more than `most` */
async function* chunksOf(path: string, most: number, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const file = openReport(path)
  try {
    const stats = fstatSync(file)
    if (!stats.isFile()) throw new ReportError('is not a file')
    const tooLarge = `brings the test reports of this job to more than ${describeBytes(MOST_BYTES)}, of which no more are read`
    if (stats.size > most) throw new ReportError(tooLarge)
    for (let left = most; ; ) {
      const buffer = Buffer.alloc(CHUNK)
      const length = readSync(file, buffer)
      if (length === 0) return
      left -= length
      // It may have grown.
      if (left < 0) throw new ReportError(tooLarge)
      yield buffer.subarray(0, length)
      await setImmediate()
      signal?.throwIfAborted()
    }
  } finally {
    closeSync(file)
  }
}

function openReport(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    throw new ReportError(`cannot be opened (${(error as NodeJS.ErrnoException).code})`)
  }
}

/** Chooses the format of a report by its beginning. */
class ReportReader {
  readonly #open: Parameters<TestReportFormat['open']>
  #decoder: Decoder | null = null
  #parser: ReportParser | null = null
  format: TestReportFormat['name'] | null = null

  constructor(...open: Parameters<TestReportFormat['open']>) {
    this.#open = open
  }

  write(bytes: Buffer): void {
    this.#decoder ??= decoderOf(bytes)
    this.#write(this.#decoder.decode(bytes, { stream: true }))
  }

  /** An empty report has no tests. */
  end(): void {
    if (!this.#decoder) return
    this.#write(this.#decoder.decode())
    this.#parser?.end()
  }

  #write(text: string): void {
    if (!this.#parser) {
      const format = FORMATS.find(each => each.recognises(text))
      if (!format && text.trim() === '') return
      if (!format) throw new ReportError('is neither JUnit XML nor TAP')
      this.format = format.name
      this.#parser = format.open(...this.#open)
    }
    this.#parser.write(text)
  }
}

type Decoder = InstanceType<typeof TextDecoder>

/** The decoder by the byte order mark or the XML declaration; otherwise UTF-8. */
function decoderOf(start: Buffer): Decoder {
  if (start[0] === 0xfe && start[1] === 0xff) return new TextDecoder('utf-16be')
  if (start[0] === 0xff && start[1] === 0xfe) return new TextDecoder('utf-16le')
  const head = start.subarray(0, 200).toString('latin1')
  const [, label = 'utf-8'] =
    /^\s*<\?xml[^>]{0,150}?\sencoding=["']([A-Za-z0-9._-]{1,40})["']/.exec(head) ?? []
  try {
    return new TextDecoder(label)
  } catch {
    throw new ReportError(`has the encoding ${label}, which is not known. Write it in UTF-8`)
  }
}
