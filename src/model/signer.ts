/**
 * The signer of a delivery, known by the secret that it was signed with. It speaks for one repository, for those of an organization, for
 * every repository (a GitHub App), or for the command line of this stack. `shared` is the one secret of the stack, which webhooks
 * had before each repository got its own.
 */
export type Signer =
  | { by: 'repository'; id: number }
  | { by: 'organization'; login: string }
  | { by: 'app' | 'command-line' | 'shared' }
