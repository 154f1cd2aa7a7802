import type { Aws } from './aws.ts'
import type { Io } from './io.ts'

/** The context of the steps of a deploy. */
export type Context = {
  io: Io
  aws: Aws
  /** Prints a line. */
  print(line: string): void
  /** Waits for the polling interval. */
  pause(): Promise<void>
}

export const createContext = (io: Io, aws: Aws): Context => ({
  io,
  aws,
  print: line => {
    io.stdout.write(`${line}\n`)
  },
  pause: () => new Promise(resolve => setTimeout(resolve, io.pollMs)),
})
