/** Closes opened resources, newest first, unless they are kept: an `AsyncDisposableStack`, which Node 22 lacks. */
export class OpenResources implements AsyncDisposable {
  #closers: (() => Promise<void>)[] = []

  /** Takes over a resource. Returns it. */
  add<T>(resource: T, close: (resource: T) => Promise<void>): T {
    this.#closers.push(() => close(resource))
    return resource
  }

  /** Leaves everything open. */
  keep(): void {
    this.#closers = []
  }

  /** Closes everything, even if some of it fails. @throws the first error */
  async [Symbol.asyncDispose](): Promise<void> {
    const errors: unknown[] = []
    for (const close of this.#closers.splice(0).toReversed()) await close().catch(error => errors.push(error))
    if (errors.length > 0) throw errors[0]
  }
}
