/** Loads what was built, as a browser would. */
import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const { cartPage } = await import(pathToFileURL(resolve('packages/web/dist/page.js')).href)
assert.match(cartPage([{ name: 'pen', price: 150, count: 2 }]), /Total: 3\.00/)
console.log('The built page works')
