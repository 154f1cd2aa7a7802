/**
 * Whether this is a full ref name (`refs/heads/x`, `refs/pull/3/head`) that is safe in a refspec, by the rules of
 * `git check-ref-format`. A valid name never begins with `-` and contains neither `:` nor a pattern.
 * https://git-scm.com/docs/git-check-ref-format
 */
export function isFullRef(ref: string): boolean {
  const parts = ref.split('/')
  return (
    ref.length <= 1024 &&
    parts.length >= 3 &&
    parts[0] === 'refs' &&
    parts.every(part => part !== '' && !part.startsWith('.') && !part.endsWith('.lock')) &&
    !ref.endsWith('.') &&
    !ref.includes('..') &&
    !ref.includes('@{') &&
    // biome-ignore lint/suspicious/noControlCharactersInRegex: git forbids them
    !/[\u0000-\u0020\u007f~^:?*[\\]/.test(ref)
  )
}

/** Whether a branch on GitHub can have this name: a git ref that begins neither with `-` nor with `refs/`. */
export const isBranchName = (name: string) => isFullRef(`refs/heads/${name}`) && !/^(-|refs\/)/.test(name)
