#!/usr/bin/env node
// Plain JavaScript that any Node can run. The package has bundles for Node 22.13 and newer; a checkout has TypeScript, for Node 24.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { fileURLToPath } from 'node:url'

const pathOf = relative => fileURLToPath(new URL(`../${relative}`, import.meta.url))
const isCheckout = existsSync(pathOf('src/cli/cli.ts'))
const oldest = isCheckout ? '24.0.0' : '22.13.0'
const [major, minor] = process.versions.node.split('.').map(Number)
const [leastMajor, leastMinor] = oldest.split('.').map(Number)
const isNewEnough = major > leastMajor || (major === leastMajor && minor >= leastMinor)
const pinned = pathOf(`node_modules/node-${process.platform}-${process.arch}/bin/node`)

if (isNewEnough) {
  // Only who may change the code may change this cache of it: the default directory is shared by all users.
  if (isCheckout) module.enableCompileCache(pathOf('node_modules/.cache/lambci'))
  else withoutSqliteWarning()
  const { main } = await import(isCheckout ? '../src/cli/cli.ts' : '../dist/cli/cli.js')
  await main()
} else if (isCheckout && existsSync(pinned)) {
  const { status } = spawnSync(pinned, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
} else {
  const remedy = isCheckout
    ? 'Install Node 24, or on Linux run "npm ci" here, which installs it.'
    : 'Install Node 22.13 or newer.'
  console.error(`lambci needs Node ${oldest} or newer, but this is ${process.versions.node}. ${remedy}`)
  process.exitCode = 2
}

/** Node 22 warns that SQLite may still change. The local system uses a part of it that has not. */
function withoutSqliteWarning() {
  const { emitWarning } = process
  process.emitWarning = (warning, ...rest) => {
    if (!/^SQLite is an experimental feature/.test(String(warning)))
      emitWarning.call(process, warning, ...rest)
  }
}
