import type { Store } from '../../records/store.ts'

export type StackOptions = { stack?: string; bucket?: string; data?: string }

/** A stack, as far as commands need it. Fields are null if only the name of the bucket is known. Disposing closes it. */
export type FoundStack = Disposable & {
  store: Store
  /** For people: `the stack lambci in us-east-1`. */
  name: string
  /** The name in CloudFormation; null if it is not known. */
  stackName: string | null
  /** Whether it runs on this machine. */
  isLocal: boolean
  /** URL of the http function, without a trailing slash. */
  url: string | null
  githubApiUrl: string
  notificationsTopic: string | null
}

/** A stack with its store. Disposing the stack closes the store. */
export const stackWith = (
  store: Store,
  rest: Omit<FoundStack, 'store' | typeof Symbol.dispose>,
): FoundStack => ({
  ...rest,
  store,
  [Symbol.dispose]: () => store.close(),
})
