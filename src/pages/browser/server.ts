import type { LineIndex } from '../../log/line-index.ts'
import type { LogFacts } from '../log-facts.ts'
import type { FetchPart } from './log-source.ts'

/** A URL below that of the shown log, including the key of a private build. */
const urlOf = (name: string, parameters: Record<string, string> = {}) => {
  const url = new URL(location.href)
  url.hash = ''
  url.pathname = `${document.getElementById('log')?.dataset.path}/${name}`
  for (const [key, value] of Object.entries(parameters)) url.searchParams.set(key, value)
  return url
}

export const fetchLogPart: FetchPart = async (from, length) => {
  const response = await fetchOk(urlOf('log', { from: String(from), length: String(length) }))
  return {
    bytes: new Uint8Array(await response.arrayBuffer()),
    ended: response.headers.get('lambci-log-ended') === 'true',
  }
}

/** Fetches the line index. Null if there is none, or if it is invalid because its counts decrease. */
export async function fetchLineIndex(): Promise<LineIndex | null> {
  const index: LineIndex | null = await (await fetchOk(urlOf('lines'))).json()
  const isRising = index?.lines.every((count, at) => count >= (index.lines[at - 1] ?? 0)) ?? false
  return isRising && index?.lines[0] === 0 ? index : null
}

/** Fetches the facts that the job has recorded about its log. */
export async function fetchLogFacts(): Promise<LogFacts> {
  return (await fetchOk(urlOf('outline'))).json()
}

/** Fetches the current state of the parts of the page that change. */
export async function fetchSummary(): Promise<string> {
  return (await fetchOk(urlOf('summary'))).text()
}

async function fetchOk(url: URL): Promise<Response> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url.pathname} returned status ${response.status}`)
  return response
}
