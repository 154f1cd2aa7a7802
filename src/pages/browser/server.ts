import type { LineIndex } from '../../log/line-index.ts'
import type { FetchPart } from './log-source.ts'

/** A build's own addresses, below that of its page; a private build's key goes along. */
const addressOf = (name: string, parameters: Record<string, string> = {}) => {
  const url = new URL(location.href)
  url.hash = ''
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${name}`
  for (const [key, value] of Object.entries(parameters)) url.searchParams.set(key, value)
  return url
}

export const fetchLogPart: FetchPart = async (from, length) => {
  const answer = await fetchGood(addressOf('log', { from: String(from), length: String(length) }))
  return {
    bytes: new Uint8Array(await answer.arrayBuffer()),
    ended: answer.headers.get('lambci-log-ended') === 'true',
  }
}

/** Null for a small log, and for one whose index cannot be believed: lines never become fewer. */
export async function fetchLineIndex(): Promise<LineIndex | null> {
  const index: LineIndex | null = await (await fetchGood(addressOf('lines'))).json()
  const isRising = index?.lines.every((count, at) => count >= (index.lines[at - 1] ?? 0)) ?? false
  return isRising && index?.lines[0] === 0 ? index : null
}

/** The head of the page as it is now. */
export async function fetchSummary(): Promise<Element | null> {
  const text = await (await fetchGood(addressOf('summary'))).text()
  return new DOMParser().parseFromString(text, 'text/html').getElementById('summary')
}

async function fetchGood(url: URL): Promise<Response> {
  const answer = await fetch(url)
  if (!answer.ok) throw new Error(`${url.pathname} answered ${answer.status}`)
  return answer
}
