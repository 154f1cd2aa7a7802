/** A click on GitHub to run builds again: on a button of a check run, or on "Re-run". Not verified yet. */
export type Rerun = {
  repository: string
  /** GitHub's id of the repository. */
  repositoryId: number
  /** The App whose check run it is. */
  appId: number
  commit: string
  /** The person who clicked it. */
  login: string
  /** The build of the check run (`buildOfCheckId`), or the suite whose check runs are all meant. */
  of: { checkId: string } | { suite: number }
  /** Whether passed jobs are taken over. */
  failed: boolean
}
