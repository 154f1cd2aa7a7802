/** A button that somebody has pressed on GitHub to run builds again: a button of a check run, or "Re-run". Not yet believed. */
export type Rerun = {
  repository: string
  /** GitHub's id of the repository. */
  repositoryId: number
  /** The App whose check run it is. */
  appId: number
  commit: string
  /** The person who has pressed it. */
  login: string
  /** The build of the check run (`buildOfCheckId`), or the suite all of whose check runs are meant. */
  of: { checkId: string } | { suite: number }
  /** Whether what has passed is taken over. */
  failed: boolean
}
