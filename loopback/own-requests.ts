import type { IncomingMessage } from 'node:http'

/**
 * Which requests a server on loopback answers. `navigations` also lets links on other sites be opened: for servers of what
 * people look at, which change nothing by GET.
 */
export type Visitors = 'own' | 'navigations'

/** The names of loopback. A page of another site that has its name resolve to 127.0.0.1 still sends its own name. */
const OWN_HOST = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$/i
const NOTHING_WRITTEN = ['GET', 'HEAD']

/**
 * Why a request is not of a program of this machine or of a page of this server; null if it is. Any port counts as the
 * server's own, because a browser names the one that it connects to, so only a forwarded port differs.
 */
export function refusalOf(
  { method = '', headersDistinct }: IncomingMessage,
  visitors: Visitors,
): string | null {
  const [host, ...others] = headersDistinct.host ?? []
  if (host === undefined || others.length > 0 || !OWN_HOST.test(host))
    return 'This server answers requests to 127.0.0.1 and localhost, and to no other host.'
  const origins = headersDistinct.origin ?? []
  if (origins.some(origin => origin.toLowerCase() !== `http://${host.toLowerCase()}`))
    return 'This server answers no requests of pages from elsewhere.'
  const sites = headersDistinct['sec-fetch-site'] ?? []
  if (sites.every(site => site === 'same-origin' || site === 'none')) return null
  const isNavigation =
    NOTHING_WRITTEN.includes(method) &&
    String(headersDistinct['sec-fetch-mode']) === 'navigate' &&
    String(headersDistinct['sec-fetch-dest']) === 'document'
  return visitors === 'navigations' && isNavigation
    ? null
    : 'This server answers no requests of pages from elsewhere.'
}
