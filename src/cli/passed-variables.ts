const PASSED =
  /^((https?|no|all)_proxy|(HTTPS?|NO|ALL)_PROXY|npm_config_(registry|cafile|userconfig|globalconfig|https?[-_]proxy|noproxy)|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|SSL_CERT_DIR|GIT_SSL_CAINFO|CURL_CA_BUNDLE|PIP_(INDEX_URL|CERT|CONFIG_FILE))$/i

/** The user's own npm, proxy and certificate settings: without them, builds on this machine may not reach anything. */
export function passedVariables(env: NodeJS.ProcessEnv): Record<string, string> {
  const found = Object.entries(env).filter(
    (pair): pair is [string, string] => PASSED.test(pair[0]) && Boolean(pair[1]),
  )
  return Object.fromEntries(found)
}
