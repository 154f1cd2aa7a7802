import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Files, sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

const PACKAGE = { 'package.json': '{"scripts": {"test": "true"}}' }

async function build(name: string, files: Files, change?: (directory: string) => Promise<unknown>) {
  const at = await ci.write(files)
  await change?.(at)
  await ci.push(at, `files/${name}`, 'main')
  return ci.ended({ project: `gh/files/${name}`, number: 1 })
}

test('a mistake is errored with what to write, not the default command', async () => {
  const view = await build('javascript', { ...PACKAGE, '.lambci.js': 'module.exports = {cmd: "true"}' })
  expect(view).toMatchObject({ status: 'errored', reason: expect.stringContaining('.lambci.js is not read') })
  expect(await ci.log(view)).not.toContain('$ npm')
})

test('a package.json that is a link is a note; rules of the user go before that for main; numbers keep their text', async () => {
  const config =
    '{"env": {"PYTHON": 3.10}, "branches": {"/^(main|next)$/": {"build": true, "cmd": "echo \\"version $PYTHON\\""}}}'
  const view = await build('linked', { '.lambci.json': config, '.lambci.yml': '' }, at =>
    symlink('elsewhere/package.json', join(at, 'package.json')),
  )
  expect(view.status).toBe('passed')
  const log = await ci.log(view)
  expect(log).toContain('version 3.10\n')
  expect(log).toContain('package.json is a symbolic link. It is not read, because the command comes from')
  expect(log).toContain('.lambci.yml is ignored: only .lambci.json is read.')
})
