/**
 * What is made when it is first needed, and kept: a function starts sooner without the clients that most of its requests
 * have no use for.
 */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null
  return () => {
    // A failure is not kept: the next request tries again.
    made ??= make().catch(error => {
      made = null
      throw error
    })
    return made
  }
}
