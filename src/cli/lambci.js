#!/usr/bin/env node
// Plain JavaScript that any Node can run. Everything else is TypeScript, which needs Node 24 or newer.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { fileURLToPath } from 'node:url'

const MIN_NODE = 24
const major = Number(process.versions.node.split('.')[0])
const pinned = fileURLToPath(
  new URL(`../../node_modules/node-${process.platform}-${process.arch}/bin/node`, import.meta.url),
)

if (major >= MIN_NODE) {
  // Only who may change the code may change this cache of it: the default directory is shared by all users.
  module.enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/lambci', import.meta.url)))
  const { main } = await import('./cli.ts')
  await main()
} else if (existsSync(pinned)) {
  const { status } = spawnSync(pinned, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
} else {
  console.error(
    `lambci needs Node ${MIN_NODE} or newer, but this is ${process.versions.node}. Install Node ${MIN_NODE}, or on Linux run "npm ci" here, which installs it.`,
  )
  process.exitCode = 2
}
