import { morph } from './morph.ts'
import { showDurations, showTimes } from './times.ts'

/** The pauses while a build runs, and otherwise. A hidden tab is not kept up to date. */
const BUSY_MS = 3000
const QUIET_MS = 60_000
const SECOND = 1000

/** Keeps a page that lists builds up to date. */
export async function startLivePage(live: HTMLElement): Promise<void> {
  document.body.classList.add('scripted')
  showTimes()
  showDurations()
  setInterval(showDurations, SECOND)
  let refreshedAt = Date.now()
  for (;;) {
    await new Promise(resolve => setTimeout(resolve, BUSY_MS))
    const isDue = live.dataset.live === 'true' || Date.now() - refreshedAt >= QUIET_MS
    if (document.hidden || !isDue) continue
    refreshedAt = Date.now()
    await refresh(live).catch(console.warn)
  }
}

/** Applies the changes on the server. A form that is being filled in is left alone. */
async function refresh(live: HTMLElement): Promise<void> {
  const response = await fetch(location.href)
  if (!response.ok) throw new Error(`${location.pathname} returned status ${response.status}`)
  const fresh = new DOMParser().parseFromString(await response.text(), 'text/html').getElementById('live')
  if (fresh) morph(live, fresh)
  showTimes()
  showDurations()
}
