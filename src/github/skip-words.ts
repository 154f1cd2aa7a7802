// https://docs.github.com/en/actions/how-tos/manage-workflow-runs/skip-workflow-runs
const WORDS = ['[skip ci]', '[ci skip]', '[no ci]', '[skip actions]', '[actions skip]']
const TRAILER = /^skip-checks: *true$/

/** The word by which a commit message asks not to be built, or null. */
export function findSkipWord(message: string): string | null {
  const word = WORDS.find(each => message.includes(each))
  if (word) return word
  const lastParagraph =
    message
      .trimEnd()
      .split(/\r?\n\r?\n/)
      .slice(1)
      .at(-1) ?? ''
  return lastParagraph.split(/\r?\n/).find(line => TRAILER.test(line)) ?? null
}
