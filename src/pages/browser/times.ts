const UNITS = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const

/** Shows all times of the page in the reader's time zone; those of lists as "3 minutes ago". */
export function showTimes(): void {
  for (const time of document.querySelectorAll('time')) {
    const moment = new Date(time.dateTime)
    const text = moment.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
    const shown = 'ago' in time.dataset ? describeAgo(moment) : text
    if (shown !== text) time.title = text
    if (time.textContent !== shown) time.textContent = shown
  }
}

/** `3 minutes ago`, in the reader's language. */
function describeAgo(moment: Date): string {
  const seconds = Math.round((moment.getTime() - Date.now()) / 1000)
  const [unit, length] = UNITS.find(([, each]) => Math.abs(seconds) >= each) ?? (['second', 1] as const)
  const format = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto', style: 'short' })
  return format.format(Math.trunc(seconds / length), unit)
}

/** Updates the durations of everything that is running. */
export function showDurations(): void {
  for (const running of document.querySelectorAll<HTMLElement>('[data-since]')) {
    const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(running.dataset.since ?? '')) / 1000))
    running.textContent = seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  }
}
