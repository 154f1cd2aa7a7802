/** A choice of the reader that applies to other pages, too, if the browser stores it. */
export function readChoice(name: string): boolean {
  try {
    return localStorage.getItem(name) === 'true'
  } catch {
    return false
  }
}

export function storeChoice(name: string, isChosen: boolean): void {
  try {
    localStorage.setItem(name, String(isChosen))
  } catch {
    // It applies to this page only.
  }
}
