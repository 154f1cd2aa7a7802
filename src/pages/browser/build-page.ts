import { lineLink, readLineLink } from './line-link.ts'
import { findFirstError } from './log-search.ts'
import { LogSource } from './log-source.ts'
import { LogView } from './log-view.ts'
import { SearchBox } from './search-box.ts'
import { fetchLineIndex, fetchLogPart } from './server.ts'
import { Summary } from './summary.ts'

const POLL_MS = 1000
/** A page that nobody sees asks less often: only its title and icon are looked at. */
const HIDDEN_POLL_MS = 10_000
const MOST_WAIT_MS = 30_000
/** A log of which no index is known is read so far without being asked. */
const UNASKED_BYTES = 16 * 1024 * 1024

const root = document.getElementById('log') as HTMLElement
const bar = document.getElementById('bar') as HTMLElement
const button = (name: string) =>
  bar.querySelector<HTMLButtonElement>(`[data-do="${name}"]`) as HTMLButtonElement

async function start(): Promise<void> {
  // Where the reader was is a place in a page that is not there yet.
  history.scrollRestoration = 'manual'
  const summary = new Summary()
  summary.show()
  summary.startClock()
  const source = new LogSource(fetchLogPart, await fetchLineIndex())
  // The first bytes bring the first lines, whatever is still to be learnt of the rest.
  await source.advance()
  document.body.classList.add('lively')
  const view = new LogView(root, source)
  const search = new SearchBox(bar.querySelector('form') as HTMLFormElement, source, view)
  view.onDraw = () => search.paint()
  connectLineLinks(view)
  connectButtons(view, source, summary)
  await showLinked(view)
  await follow(view, source, summary)
}

/** Reads on to the end of the log, and waits for more as long as the build goes on. */
async function follow(view: LogView, source: LogSource, summary: Summary): Promise<void> {
  let following = !summary.hasEnded && location.hash === ''
  addEventListener('scroll', () => {
    following = view.isAtEnd
  })
  for (let wait = POLL_MS; ; ) {
    try {
      if (!summary.hasEnded) await summary.refresh()
      const isOver = summary.hasEnded
      // Who has scrolled up does not ask for more, and neither does one who reads the beginning of something large.
      while (!source.ended && (view.isAtEnd || source.size < UNASKED_BYTES))
        if ((await source.advance()) === 0) break
      await (following ? view.showEnd() : view.update())
      button('trouble').hidden = !summary.isRed
      if (isOver && source.ended) return
      wait = document.hidden ? HIDDEN_POLL_MS : POLL_MS
    } catch (error) {
      // The network, or a server that is being updated: it may well be there again soon.
      console.warn(error)
      wait = Math.min(2 * wait, MOST_WAIT_MS)
    }
    await new Promise(resolve => setTimeout(resolve, wait))
  }
}

/** A click on a line's number marks it and puts it into the address; with Shift, all lines from the one before. */
function connectLineLinks(view: LogView) {
  root.addEventListener('click', event => {
    const link = (event.target as Element).closest('a')
    const line = Number(link?.parentElement?.dataset.line)
    if (!link || !line) return
    event.preventDefault()
    const before = event.shiftKey ? readLineLink(location.hash) : null
    const lines = { from: Math.min(line, before?.from ?? line), to: Math.max(line, before?.from ?? line) }
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

function connectButtons(view: LogView, source: LogSource, summary: Summary) {
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
  button('trouble').hidden = !summary.isRed
  button('trouble').addEventListener('click', async () => {
    const line = await findFirstError(source)
    if (line === null) {
      button('trouble').textContent = 'Nothing looks like an error'
      return
    }
    history.replaceState(null, '', lineLink({ from: line, to: line }))
    await showLinked(view)
  })
}

void start().catch(error => {
  // The plain end of the log stays where it is.
  console.error(error)
})
