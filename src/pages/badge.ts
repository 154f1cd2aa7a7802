import { createHash } from 'node:crypto'
import { html } from 'hono/html'

const COLORS: Record<string, string> = {
  passed: '#1a7f37',
  failed: '#c62828',
  errored: '#c62828',
  running: '#0b62c4',
}
const GREY = '#59636e'
/** The average width of a letter in a sans-serif of 11 px. `textLength` stretches the text to fit. */
const LETTER_PX = 6.5
const PADDING_PX = 10

/** An SVG badge with the status of a branch. */
export async function renderBadge(status: string): Promise<string> {
  const [label, width] = ['lambci', (text: string) => Math.round(text.length * LETTER_PX) + PADDING_PX]
  const [left, right] = [width(label), width(status)]
  const text = (value: string, x: number, length: number) =>
    html`<text x="${x}" y="14" textLength="${length - PADDING_PX}">${value}</text>`
  const svg =
    await html`<svg xmlns="http://www.w3.org/2000/svg" width="${left + right}" height="20" role="img" aria-label="${label}: ${status}"><title>${label}: ${status}</title><clipPath id="r"><rect width="${left + right}" height="20" rx="3"/></clipPath><g clip-path="url(#r)"><rect width="${left}" height="20" fill="#353b45"/><rect x="${left}" width="${right}" height="20" fill="${COLORS[status] ?? GREY}"/></g><g fill="#fff" text-anchor="middle" font-family="Verdana,Geneva,sans-serif" font-size="11">${text(label, left / 2, left)}${text(status, left + right / 2, right)}</g></svg>`
  return String(svg)
}

/** A strong ETag, the hash of the badge. */
export const etagOf = (svg: string) =>
  `"${createHash('sha256').update(svg).digest('base64url').slice(0, 22)}"`

export const BADGE_HEADERS = {
  'content-type': 'image/svg+xml; charset=utf-8',
  // Proxies such as GitHub's must revalidate it each time.
  'cache-control': 'no-cache, max-age=0',
  'content-security-policy': "default-src 'none'",
  'x-content-type-options': 'nosniff',
}
