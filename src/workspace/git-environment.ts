export type GitAccess = {
  /** An empty directory, so that no user configuration is read. */
  home: string
  path: string
  /** Proxy and certificate variables, if this machine needs them. */
  network?: Record<string, string>
  /** A server counts as silent after this many seconds without a byte. Defaults to a minute. */
  silenceSeconds?: number
}

/**
 * The complete environment of git. Settings and the token are passed here and not as arguments: the environment
 * appears neither in the process list, nor in `.git/config`, nor in a log.
 */
export function gitEnvironment(access: GitAccess, remote?: URL, token?: string): Record<string, string> {
  const settings: [string, string][] = [
    ['core.hooksPath', '/dev/null'],
    ['core.fsmonitor', 'false'],
    ['credential.helper', ''],
    ['advice.detachedHead', 'false'],
    ['init.defaultBranch', 'main'],
    ['gc.auto', '0'],
    ['maintenance.auto', 'false'],
    // Every fetch is stored as one pack, however small.
    ['fetch.unpackLimit', '1'],
    // One worker per processor.
    ['checkout.workers', '0'],
    ['protocol.allow', 'never'],
    ['protocol.http.allow', 'always'],
    ['protocol.https.allow', 'always'],
    // By default, git waits forever. GitHub sends something every few seconds while it makes a pack.
    ['http.lowSpeedLimit', '1'],
    ['http.lowSpeedTime', String(access.silenceSeconds ?? 60)],
  ]
  // The token is sent only to this host: submodules may point elsewhere.
  if (remote && token) settings.push([`http.${remote.origin}/.extraHeader`, `Authorization: ${basic(token)}`])
  return {
    ...access.network,
    PATH: access.path,
    HOME: access.home,
    // Messages in English: errors are recognised by their text.
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

/** GitHub accepts the user name `x-access-token` for every kind of token. */
const basic = (token: string) => `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`

/** Masks a token in a message, both as it is and as sent in the header. */
export function maskToken(text: string, token: string | undefined): string {
  if (!token) return text
  return text.replaceAll(basic(token).slice('Basic '.length), '***').replaceAll(token, '***')
}
