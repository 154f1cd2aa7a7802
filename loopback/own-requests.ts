import type { IncomingMessage } from 'node:http'

/**
 * The requests that a server on loopback answers. `navigations` also allows opening links from other sites, for servers of pages that
 * change nothing by GET.
 */
export type Visitors = 'own' | 'navigations'

/** The names of loopback. A page of another site whose name resolves to 127.0.0.1 still sends that name. */
const OWN_HOST = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$/i
const NOTHING_WRITTEN = ['GET', 'HEAD']

/**
 * Why a request does not come from a program of this machine or a page of this server; null if it does. Any port counts as the server's
 * own, because a browser sends the port that it connects to, so only a forwarded port differs.
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
