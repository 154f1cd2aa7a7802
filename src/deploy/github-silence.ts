/** GitHub did not answer a question about a deploy. `cause` says more. */
export class GitHubSilence extends Error {}

/** @throws GitHubSilence if `question`, which only queries GitHub, fails */
export const queryGitHub = <T>(question: () => Promise<T>): Promise<T> =>
  question().catch(cause => {
    throw new GitHubSilence('GitHub did not answer', { cause })
  })
