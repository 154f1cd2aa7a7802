const SHOWN_MS = 1500

/** Connects the buttons beside texts that can be copied. */
export function connectCopyButtons(): void {
  document.addEventListener('click', async event => {
    const button = (event.target as Element).closest<HTMLButtonElement>('[data-copy]')
    const text = button?.previousElementSibling
    if (!button || !text) return
    // Without the clipboard, the text is selected for the reader to copy.
    const isCopied = await navigator.clipboard?.writeText(text.textContent ?? '').then(
      () => true,
      () => false,
    )
    if (!isCopied) getSelection()?.selectAllChildren(text)
    button.textContent = isCopied ? 'Copied' : 'Selected'
    setTimeout(() => {
      button.textContent = 'Copy'
    }, SHOWN_MS)
  })
}
