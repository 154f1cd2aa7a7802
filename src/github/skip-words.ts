// https://docs.github.com/en/actions/how-tos/manage-workflow-runs/skip-workflow-runs
const SKIP_WORDS = ['[skip ci]', '[ci skip]', '[no ci]', '[skip actions]', '[actions skip]']
const TRAILER = /^skip-checks: *true$/

/** The word in a commit message that skips the build. Null if there is none. */
export function findSkipWord(message: string): string | null {
  const word = SKIP_WORDS.find(each => message.includes(each))
  if (word) return word
  const lastParagraph =
    message
      .trimEnd()
      .split(/\r?\n\r?\n/)
      .slice(1)
      .at(-1) ?? ''
  return lastParagraph.split(/\r?\n/).find(line => TRAILER.test(line)) ?? null
}
