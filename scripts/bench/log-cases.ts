/** A build command with much output. */
export type LogCase = {
  name: string
  command: string
  bytes: number
  hasSecrets?: boolean
  /** In bytes, if larger than the default of 512 MB. */
  logLimit?: number
  rounds: number
}

const MB = 1_000_000
const lines = (bytes: number) =>
  `yes 'a line of the log that is eighty characters long, as a test runner would write it' | head -c ${bytes}`
const longLine = (bytes: number) => `yes 'without any end of line ' | tr -d '\\n' | head -c ${bytes}`

export const LOG_CASES: LogCase[] = [
  { name: '10 MB of 80-byte lines', command: lines(10 * MB), bytes: 10 * MB, rounds: 5 },
  { name: '100 MB of 80-byte lines', command: lines(100 * MB), bytes: 100 * MB, rounds: 5 },
  { name: '10 MB of seq', command: `seq 10000000 | head -c ${10 * MB}`, bytes: 10 * MB, rounds: 5 },
  { name: '100 MB of seq', command: `seq 100000000 | head -c ${100 * MB}`, bytes: 100 * MB, rounds: 5 },
  { name: '20 MB without a newline', command: longLine(20 * MB), bytes: 20 * MB, rounds: 5 },
  { name: '100 MB, ten secrets', command: lines(100 * MB), bytes: 100 * MB, hasSecrets: true, rounds: 5 },
  {
    name: '1 GB of 80-byte lines',
    command: lines(1000 * MB),
    bytes: 1000 * MB,
    logLimit: 2 ** 31,
    rounds: 1,
  },
]
