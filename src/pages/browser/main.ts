import { startBuildPage } from './build-page.ts'
import { connectCopyButtons } from './copy.ts'
import { startLivePage } from './live-page.ts'
import { showTimes } from './times.ts'

/** The one script of all pages. */
connectCopyButtons()
const live = document.getElementById('live')
if (document.getElementById('log')) void startBuildPage().catch(console.error)
else if (live) void startLivePage(live).catch(console.error)
else {
  document.body.classList.add('scripted')
  showTimes()
}
