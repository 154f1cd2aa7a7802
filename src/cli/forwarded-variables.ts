const FORWARDED =
  /^((https?|no|all)_proxy|(HTTPS?|NO|ALL)_PROXY|npm_config_(registry|cafile|userconfig|globalconfig|https?[-_]proxy|noproxy)|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|SSL_CERT_DIR|GIT_SSL_CAINFO|CURL_CA_BUNDLE|PIP_(INDEX_URL|CERT|CONFIG_FILE))$/i

/** The user's npm, proxy and certificate settings. Builds on this machine may have no network access without them. */
export function forwardedVariables(env: NodeJS.ProcessEnv): Record<string, string> {
  const forwarded = Object.entries(env).filter(
    (pair): pair is [string, string] => FORWARDED.test(pair[0]) && Boolean(pair[1]),
  )
  return Object.fromEntries(forwarded)
}
