const FIELDS = 'input, textarea, select, [contenteditable]'

/** Runs an action for each of these keys, but not while the user types or a dialog is open. Other keys are left to the browser. */
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
