import type { Cents } from '@shop/money'

export type Item = { name: string; price: Cents; count: number }

/** The total price of all items. */
export const totalOf = (items: readonly Item[]): Cents =>
  items.reduce((total, { price, count }) => total + price * count, 0)

/** Adds an item, or raises the count of the one that has its name. */
export function addItem(items: readonly Item[], item: Item): Item[] {
  const known = items.find(({ name }) => name === item.name)
  if (!known) return [...items, item]
  return items.map(each => (each === known ? { ...each, count: each.count + item.count } : each))
}
