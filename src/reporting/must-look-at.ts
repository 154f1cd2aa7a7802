import type { BuildRef } from '../records/keys.ts'

/** How often an invocation looks at the same build because of others. */
const MOST_LOOKS = 3

/**
 * Whether an invocation that looks at these builds, one after the other, must look at another one because of the one at `index`. The other
 * build may have received its stage since an earlier look.
 */
export function mustLookAt(
  { number }: BuildRef,
  looks: readonly { build: BuildRef }[],
  index: number,
): boolean {
  const own = looks.flatMap(({ build }, at) => (build.number === number ? [at] : []))
  return own.every(at => at < index) && own.length < MOST_LOOKS
}
