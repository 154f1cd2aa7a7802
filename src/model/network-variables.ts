const NETWORK =
  /^((https?|no|all)_proxy|npm_config_(cafile|https?[-_]proxy|noproxy)|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|SSL_CERT_DIR|GIT_SSL_CAINFO|CURL_CA_BUNDLE|REQUESTS_CA_BUNDLE|PIP_CERT)$/i

/** Whether a variable names a proxy or certificates, which tell how to reach the network and nothing about a build. */
export const isNetworkVariable = (name: string): boolean => NETWORK.test(name)
