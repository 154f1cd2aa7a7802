/** A fault in one task must not prevent the others from being recorded. It is logged, and all are done again. */
export const attempt = <T>(task: () => Promise<T>): Promise<{ value: T } | { error: unknown }> =>
  task().then(
    value => ({ value }),
    error => {
      console.error(error)
      return { error }
    },
  )
