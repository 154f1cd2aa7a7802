import { type Item, totalOf } from '@shop/cart'
import { formatCents } from '@shop/money'

const escapeHtml = (text: string) => text.replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`)

/** The cart as HTML. */
export function cartPage(items: readonly Item[]): string {
  const lines = items.map(
    ({ name, price, count }) => `<li>${count} × ${escapeHtml(name)}: ${formatCents(price)}</li>`,
  )
  return `<ul>${lines.join('')}</ul><p>Total: ${formatCents(totalOf(items))}</p>`
}
