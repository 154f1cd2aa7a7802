import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCents } from '@shop/money'

test('amounts with and without cents', () => {
  assert.equal(parseCents('12.30'), 1230)
  assert.equal(parseCents('12'), 1200)
})

test('anything else is no amount', () => {
  for (const text of ['', '12.3', '-1', 'twelve']) assert.equal(parseCents(text), null)
})
