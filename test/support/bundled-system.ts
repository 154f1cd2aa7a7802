import { join } from 'node:path'
import { startSystem } from '../../loopback/system/system.ts'

/** A program that runs the whole system, as `lambci local` does, with functions from bundles: `bundled-system.ts DIRECTORY`. */
const [directory = ''] = process.argv.slice(2)
const bundles = process.env.LAMBCI_TEST_BUNDLES ?? ''

const system = await startSystem({
  directory,
  port: 0,
  moduleOf: entry => join(bundles, entry, 'index.js'),
  bootstrap: join(bundles, 'bootstrap', 'index.js'),
  environment: { LAMBCI_CODE_CACHE: join(bundles, 'code') },
})
process.once('SIGINT', () => void system.close())
console.log(JSON.stringify(system.addresses))
