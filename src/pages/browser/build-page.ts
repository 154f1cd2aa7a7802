import { Folds } from './folds.ts'
import { Follow } from './follow.ts'
import { connectKeys } from './keys.ts'
import { lineLink, readLineLink } from './line-link.ts'
import { button, element, switchClass } from './log-bar.ts'
import { findFirstError } from './log-search.ts'
import { LogSource } from './log-source.ts'
import { LogView } from './log-view.ts'
import { OutlineSource } from './outline-source.ts'
import { SearchBox } from './search-box.ts'
import { fetchLineIndex, fetchLogFacts, fetchLogPart } from './server.ts'
import { Summary } from './summary.ts'

const POLL_MS = 1000
/** A hidden tab, which shows only its title and icon, polls less often. */
const HIDDEN_POLL_MS = 10_000
const MAX_RETRY_MS = 30_000
/** This much of a log is read ahead, even if the end is not in view. */
const READ_AHEAD_BYTES = 16 * 1024 * 1024
/** The command begins within this many bytes. */
const HEAD_BYTES = 64 * 1024

type Shown = {
  root: HTMLElement
  view: LogView
  source: LogSource
  outline: OutlineSource
  follow: Follow
  summary: Summary
}

/** The page of a build. If something fails, it still shows the end of the log as plain text. */
export async function startBuildPage(): Promise<void> {
  const root = element('log')
  // The browser would restore a scroll position before the log is on the page.
  history.scrollRestoration = 'manual'
  const summary = new Summary()
  summary.show()
  summary.startClock()
  showCurrentJob()
  const [index, outline] = await Promise.all([fetchLineIndex(), OutlineSource.open(fetchLogFacts)])
  const source = new LogSource(fetchLogPart, index)
  source.onAppend = (...added) => outline.live.add(...added)
  if (index && !outline.isRecorded) outline.live.addHead((await fetchLogPart(0, HEAD_BYTES)).bytes)
  // Shows the first lines without waiting for the rest.
  await source.advance()
  document.body.classList.add('scripted')
  const view = new LogView(root, source, new Folds())
  const search = new SearchBox(element('bar').querySelector('form') as HTMLFormElement, source, view)
  view.onRender = () => search.highlight()
  const follow = new Follow(view, button('follow'), !summary.isOver && location.hash === '')
  const shown = { root, view, source, outline, follow, summary }
  connectClicks(shown)
  connectActions(shown, search)
  await showOutline(shown)
  await showLinked(view)
  await keepUpToDate(shown)
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
async function keepUpToDate(page: Shown): Promise<void> {
  const { view, source, outline, follow, summary } = page
  const shown = summary.log
  for (let wait = POLL_MS; ; ) {
    try {
      if (!summary.hasEnded) await summary.refresh()
      // Its job was started again, or is no longer the only one.
      if (summary.log !== shown) return location.reload()
      const buildEnded = summary.hasEnded
      if (outline.startedAt === null || (summary.isOver && !outline.hasEnded)) await outline.refresh()
      // A large log is read further only if its known end is in view.
      while (!source.ended && (view.isAtEnd || source.size < READ_AHEAD_BYTES))
        if ((await source.advance()) === 0) break
      outline.live.isCaughtUp = true
      await showOutline(page)
      await (follow.isFollowing ? view.showEnd() : view.update())
      button('first-error').hidden = !summary.isRed
      if (summary.isOver && source.ended) follow.end()
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

/** Shows the folds and times that are known so far. */
async function showOutline({ view, outline, follow: { isFollowing } }: Shown): Promise<void> {
  const folds = outline.takeFolds()
  const { times, startedAt } = outline
  if (folds) await view.outline(folds, { times, startedAt, isFollowing })
}

/**
 * A click on a line number marks the line and puts it into the address; with Shift, it extends the range. A click on the head of a fold
 * opens or closes the fold.
 */
function connectClicks({ root, view, follow }: Shown) {
  root.addEventListener('click', async event => {
    const clicked = (event.target as Element).closest('a, button')
    const line = Number(clicked?.parentElement?.dataset.line)
    if (!clicked || !line) return
    event.preventDefault()
    if (clicked.matches('button')) {
      await view.toggle(line)
      return follow.pauseUnlessAtEnd()
    }
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

/** The buttons of the bar, and the keys. */
function connectActions({ root, view, source, outline, follow, summary }: Shown, search: SearchBox) {
  const start = () => void view.showLine(1).then(() => scrollTo(0, 0))
  const end = async () => {
    while (!source.ended && (await source.advance()) > 0) {}
    follow.resume()
    await view.showEnd()
  }
  const wrap = switchClass(root, 'wrap', { isRemembered: false, onChange: () => void view.update() })
  const times = switchClass(root, 'times', { isRemembered: true, onChange: () => void view.update() })
  const keys = element('keys') as HTMLDialogElement
  const showKeys = () => keys.showModal()
  const showFirstError = async () => {
    const line = outline.failureLine ?? (await findFirstError(source))
    if (line === null) {
      button('first-error').textContent = 'No error found'
      return
    }
    history.replaceState(null, '', lineLink({ from: line, to: line }))
    await showLinked(view)
  }
  const clicks = {
    start,
    end,
    'first-error': showFirstError,
    keys: showKeys,
    'close-keys': () => keys.close(),
  }
  for (const [name, action] of Object.entries(clicks))
    button(name).addEventListener('click', () => void action())
  button('first-error').hidden = !summary.isRed
  connectKeys(
    new Map<string, () => void>([
      ['/', () => search.focus()],
      ['n', () => void search.step(1)],
      ['p', () => void search.step(-1)],
      ['g', start],
      ['G', () => void end()],
      ['f', () => follow.toggle()],
      ['w', wrap],
      ['t', times],
      ['?', showKeys],
    ]),
  )
}
