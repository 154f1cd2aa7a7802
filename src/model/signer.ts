/**
 * The signer of a delivery, known by the secret that it was signed with. It is trusted for one repository, the repositories of an
 * organization, every repository (a GitHub App), or the command line of this stack. `shared` is the one secret of the stack, which
 * webhooks had before each repository got its own.
 */
export type Signer =
  | { by: 'repository'; id: number }
  | { by: 'organization'; login: string }
  | { by: 'app' | 'command-line' | 'shared' }
