/** Closes what was opened, newest first, unless it is kept: an `AsyncDisposableStack`, which Node 22 does not have. */
export class OpenResources implements AsyncDisposable {
  #closers: (() => Promise<void>)[] = []

  /** Takes a resource over. Returns it. */
  add<T>(resource: T, close: (resource: T) => Promise<void>): T {
    this.#closers.push(() => close(resource))
    return resource
  }

  /** Leaves everything open. */
  keep(): void {
    this.#closers = []
  }

  /** Closes everything, also if some of it fails. @throws the first error */
  async [Symbol.asyncDispose](): Promise<void> {
    const errors: unknown[] = []
    for (const close of this.#closers.splice(0).toReversed()) await close().catch(error => errors.push(error))
    if (errors.length > 0) throw errors[0]
  }
}
