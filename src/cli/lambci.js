#!/usr/bin/env node
// Plain JavaScript for any Node: everything behind it is TypeScript, which Node runs as it is from version 24 on.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const NEEDED = 24
const major = Number(process.versions.node.split('.')[0])
const pinned = fileURLToPath(
  new URL(`../../node_modules/node-${process.platform}-${process.arch}/bin/node`, import.meta.url),
)

if (major >= NEEDED) {
  await import('./cli.ts')
} else if (existsSync(pinned)) {
  const { status } = spawnSync(pinned, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
} else {
  console.error(
    `lambci needs Node ${NEEDED} or newer, and this is ${process.versions.node}. Run "npm ci" here, which brings one on Linux, or install Node ${NEEDED}.`,
  )
  process.exitCode = 2
}
