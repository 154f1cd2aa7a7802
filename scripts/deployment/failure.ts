/** A deploy that failed in AWS. The message says what happened and what to do next. The exit code is then 1. */
export class DeployFailure extends Error {
  override readonly name = 'DeployFailure'
}
