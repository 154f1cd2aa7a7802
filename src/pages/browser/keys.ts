const FIELDS = 'input, textarea, select, [contenteditable]'

/** Runs an action for each of these keys, but not while somebody types or a dialog is open. Other keys stay the browser's. */
export function connectKeys(actions: ReadonlyMap<string, () => void>): void {
  document.addEventListener('keydown', event => {
    const { key, target } = event
    const action = actions.get(key)
    if (!action || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    if ((target instanceof Element && target.closest(FIELDS)) || document.querySelector('dialog[open]'))
      return
    event.preventDefault()
    action()
  })
}
