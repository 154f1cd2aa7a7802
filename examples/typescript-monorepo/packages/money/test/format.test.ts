import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatCents } from '@shop/money'

test('cents have two digits', () => {
  assert.equal(formatCents(1230), '12.30')
  assert.equal(formatCents(5), '0.05')
})
