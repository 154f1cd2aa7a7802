import { lineLink, readLineLink } from './line-link.ts'
import { findFirstError } from './log-search.ts'
import { LogSource } from './log-source.ts'
import { LogView } from './log-view.ts'
import { SearchBox } from './search-box.ts'
import { fetchLineIndex, fetchLogPart } from './server.ts'
import { Summary } from './summary.ts'

const POLL_MS = 1000
/** A hidden tab, of which only the title and icon are visible, polls less often. */
const HIDDEN_POLL_MS = 10_000
const MAX_RETRY_MS = 30_000
/** So much of a log is read ahead, even if the end is not in view. */
const READ_AHEAD_BYTES = 16 * 1024 * 1024

const element = (id: string) => document.getElementById(id) as HTMLElement
const button = (name: string) =>
  element('bar').querySelector<HTMLButtonElement>(`[data-do="${name}"]`) as HTMLButtonElement

/** The page of a build. If something fails, it still shows the end of the log as plain text. */
export async function startBuildPage(): Promise<void> {
  const root = element('log')
  // The browser would restore a scroll position before the log is on the page.
  history.scrollRestoration = 'manual'
  const summary = new Summary()
  summary.show()
  summary.startClock()
  showCurrentJob()
  const source = new LogSource(fetchLogPart, await fetchLineIndex())
  // Shows the first lines without waiting for the rest.
  await source.advance()
  document.body.classList.add('scripted')
  const view = new LogView(root, source)
  const search = new SearchBox(element('bar').querySelector('form') as HTMLFormElement, source, view)
  view.onRender = () => search.highlight()
  connectLineLinks(root, view)
  connectButtons(root, view, source, summary)
  await showLinked(view)
  await follow(view, source, summary)
}

/** Scrolls the list of jobs, but not the page, to the one that is shown. */
function showCurrentJob(): void {
  const list = document.getElementById('jobs')
  const current = list?.querySelector('[aria-current]')
  if (!list || !current) return
  const middle = list.getBoundingClientRect().top + list.clientHeight / 2
  list.scrollTop += Math.max(0, current.getBoundingClientRect().top - middle)
}

/** Reads the log to its end, and polls for more until the build has ended. */
async function follow(view: LogView, source: LogSource, summary: Summary): Promise<void> {
  const shown = summary.log
  let following = !summary.isOver && location.hash === ''
  addEventListener('scroll', () => {
    following = view.isAtEnd
  })
  for (let wait = POLL_MS; ; ) {
    try {
      if (!summary.hasEnded) await summary.refresh()
      // Its job was started once more, or has jobs beside it now.
      if (summary.log !== shown) return location.reload()
      const buildEnded = summary.hasEnded
      // A large log is read further only if its known end is in view.
      while (!source.ended && (view.isAtEnd || source.size < READ_AHEAD_BYTES))
        if ((await source.advance()) === 0) break
      await (following ? view.showEnd() : view.update())
      button('first-error').hidden = !summary.isRed
      if (buildEnded && (source.ended || shown === '')) return
      wait = document.hidden ? HIDDEN_POLL_MS : POLL_MS
    } catch (error) {
      // A network error, or the server is being updated: try again later.
      console.warn(error)
      wait = Math.min(2 * wait, MAX_RETRY_MS)
    }
    await new Promise(resolve => setTimeout(resolve, wait))
  }
}

/** A click on a line number marks the line and puts it into the address. Shift-click extends the range. */
function connectLineLinks(root: HTMLElement, view: LogView) {
  root.addEventListener('click', event => {
    const link = (event.target as Element).closest('a')
    const line = Number(link?.parentElement?.dataset.line)
    if (!link || !line) return
    event.preventDefault()
    const anchor = (event.shiftKey ? readLineLink(location.hash)?.from : null) ?? line
    const lines = { from: Math.min(line, anchor), to: Math.max(line, anchor) }
    history.replaceState(null, '', lineLink(lines))
    view.mark(lines)
  })
  addEventListener('hashchange', () => void showLinked(view))
}

async function showLinked(view: LogView): Promise<void> {
  const lines = readLineLink(location.hash)
  view.mark(lines)
  await (lines ? view.showLine(lines.from) : view.update())
}

function connectButtons(root: HTMLElement, view: LogView, source: LogSource, summary: Summary) {
  button('start').addEventListener('click', () => void view.showLine(1).then(() => scrollTo(0, 0)))
  button('end').addEventListener('click', async () => {
    while (!source.ended && (await source.advance()) > 0) {}
    await view.showEnd()
  })
  button('wrap').addEventListener('click', () => {
    const wraps = root.classList.toggle('wrap')
    button('wrap').setAttribute('aria-pressed', String(wraps))
    void view.update()
  })
  button('first-error').hidden = !summary.isRed
  button('first-error').addEventListener('click', async () => {
    const line = await findFirstError(source)
    if (line === null) {
      button('first-error').textContent = 'No error found'
      return
    }
    history.replaceState(null, '', lineLink({ from: line, to: line }))
    await showLinked(view)
  })
}
