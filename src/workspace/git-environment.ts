export type GitAccess = {
  /** An empty directory: no configuration of a user's is read. */
  home: string
  path: string
  /** Proxy and certificate variables, where this machine needs them. */
  network?: Record<string, string>
}

/**
 * All that git gets to know of the world. Its settings and the token go through here: the environment of a process
 * is neither in its arguments, nor in `.git/config`, nor in a log.
 */
export function gitEnvironment(access: GitAccess, remote?: URL, token?: string): Record<string, string> {
  const settings: [string, string][] = [
    ['core.hooksPath', '/dev/null'],
    ['core.fsmonitor', 'false'],
    ['credential.helper', ''],
    ['advice.detachedHead', 'false'],
    ['init.defaultBranch', 'main'],
    ['gc.auto', '0'],
    // One file for each fetch, however small.
    ['fetch.unpackLimit', '1'],
    // As many as there are processors.
    ['checkout.workers', '0'],
    ['protocol.allow', 'never'],
    ['protocol.http.allow', 'always'],
    ['protocol.https.allow', 'always'],
  ]
  // For this host alone: what a repository's submodules point to is not told.
  if (remote && token) settings.push([`http.${remote.origin}/.extraHeader`, `Authorization: ${basic(token)}`])
  return {
    ...access.network,
    PATH: access.path,
    HOME: access.home,
    LANG: 'C.UTF-8',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(
      settings.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  }
}

/** GitHub's user for tokens of every kind is `x-access-token`. */
const basic = (token: string) => `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`

/** Replaces a token, and the form in which it goes to the server, in a message. */
export function maskToken(text: string, token: string | undefined): string {
  if (!token) return text
  return text.replaceAll(basic(token).slice('Basic '.length), '***').replaceAll(token, '***')
}
