const MOST_KEPT = 2000

/** Keeps values read from git's objects, which never change. Errors and null are read again; the oldest is forgotten. */
export function readOnce<T>(): (key: string, read: () => Promise<T>) => Promise<T> {
  const kept = new Map<string, Promise<T>>()
  return (key, read) => {
    const known = kept.get(key) ?? read()
    kept.set(key, known)
    const forget = () => kept.delete(key)
    known.then(value => value === null && forget(), forget)
    const [oldest] = kept.keys()
    if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest)
    return known
  }
}
