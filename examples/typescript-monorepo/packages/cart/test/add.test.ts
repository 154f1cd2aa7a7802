import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addItem } from '@shop/cart'

test('the same item twice is one line', () => {
  const pen = { name: 'pen', price: 150, count: 1 }
  assert.deepEqual(addItem(addItem([], pen), pen), [{ ...pen, count: 2 }])
})
