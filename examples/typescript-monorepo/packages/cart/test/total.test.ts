import assert from 'node:assert/strict'
import { test } from 'node:test'
import { totalOf } from '@shop/cart'

test('the total counts each item as often as it is bought', () => {
  const items = [
    { name: 'pen', price: 150, count: 2 },
    { name: 'book', price: 1200, count: 1 },
  ]
  assert.equal(totalOf(items), 1500)
})

test('an empty cart costs nothing', () => assert.equal(totalOf([]), 0))
