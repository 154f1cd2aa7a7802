import { readChoice, storeChoice } from './remembered.ts'

export const element = (id: string) => document.getElementById(id) as HTMLElement

/** A button of the bar above the log, or of its list of keys. */
export const button = (name: string) =>
  document.querySelector<HTMLButtonElement>(`[data-do="${name}"]`) as HTMLButtonElement

/** Lets the button with this name switch a class of the log on and off. Returns the function that switches it. */
export function switchClass(
  log: HTMLElement,
  name: string,
  { isRemembered, onChange }: { isRemembered: boolean; onChange: () => void },
): () => void {
  const set = (isOn: boolean) => {
    log.classList.toggle(name, isOn)
    button(name).setAttribute('aria-pressed', String(isOn))
  }
  const change = () => {
    const isOn = !log.classList.contains(name)
    set(isOn)
    if (isRemembered) storeChoice(`log-${name}`, isOn)
    onChange()
  }
  if (isRemembered) set(readChoice(`log-${name}`))
  button(name).addEventListener('click', change)
  return change
}
