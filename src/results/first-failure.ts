/** The first failure, except for a Go test that only failed because of its subtest. */
export const firstFailure = <T extends { suite: string; name: string }>(failures: readonly T[]): T | null =>
  failures.find(
    ({ suite, name }) => !failures.some(other => other.suite === suite && other.name.startsWith(`${name}/`)),
  ) ?? null
