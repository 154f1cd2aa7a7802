import { isNetworkVariable } from '../model/network-variables.ts'

const PACKAGES = /^(npm_config_(registry|userconfig|globalconfig)|PIP_(INDEX_URL|CONFIG_FILE))$/i

/** The user's npm, pip, proxy and certificate settings. Builds on this machine may have no network access without them. */
export function forwardedVariables(env: NodeJS.ProcessEnv): Record<string, string> {
  const forwarded = Object.entries(env).filter(
    (pair): pair is [string, string] =>
      (isNetworkVariable(pair[0]) || PACKAGES.test(pair[0])) && Boolean(pair[1]),
  )
  return Object.fromEntries(forwarded)
}
