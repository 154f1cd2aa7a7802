/** The first failure, but not a test of Go that only failed because a subtest of it did. */
export const firstFailure = <T extends { suite: string; name: string }>(failures: readonly T[]): T | null =>
  failures.find(
    ({ suite, name }) => !failures.some(other => other.suite === suite && other.name.startsWith(`${name}/`)),
  ) ?? null
