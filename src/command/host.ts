import type { Admission } from '../admission/admission.ts'
import type { Runner } from '../build/run-record.ts'
import type { Store } from '../build/store.ts'
import type { KeptTrees } from '../workspace/kept-trees.ts'
import type { Mirrors } from '../workspace/mirrors.ts'

/** What running a job needs from wherever it runs. */
export type Host = {
  openStore: (admission: Admission) => Store
  /** The directory in which everything happens; whatever is in it goes. */
  sandbox: string
  /** Whether nobody else's processes are on this machine: then whatever a build has started can be told by its age. */
  isAlone: boolean
  /** What stays in it of the builds before: their repositories, and the caches of the last one. */
  kept: { mirrors: Mirrors; trees: KeptTrees }
  githubUrl: string
  /** By then all commands must have ended, so that there is time left to say so; milliseconds since 1970. */
  deadline: number
  runner: Runner
  path: string
  /** Proxy and certificate variables for git. */
  network: Record<string, string>
  /** What the process itself holds and no log may show. */
  secrets: readonly string[]
  /** Bytes of a log that are kept. */
  logLimit: number
  /** Ends this process, and all that is left in it, for good. */
  giveUp: (reason: string) => void
  now: () => Date
}
