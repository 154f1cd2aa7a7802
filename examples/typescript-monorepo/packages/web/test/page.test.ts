import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cartPage } from '@shop/web'

test('the page has a line for each item, and the total', () => {
  const page = cartPage([{ name: 'pen', price: 150, count: 2 }])
  assert.equal(page, '<ul><li>2 × pen: 1.50</li></ul><p>Total: 3.00</p>')
})

test('names are text, not HTML', () => {
  assert.match(cartPage([{ name: '<b>', price: 1, count: 1 }]), /&#60;b&#62;/)
})
