import { readdir } from 'node:fs/promises'
import { basename } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BROWSER_SCRIPT } from '../../../src/pages/browser-script.ts'
import { lambciJson, sharedTestSystem, type TestSystem } from '../../support/test-system.ts'

let ci: TestSystem
beforeAll(async () => {
  ci = await sharedTestSystem()
})
afterAll(() => ci.close())

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: meant for a shell
const BRANCHES = [
  '$(touch${IFS}pwned)',
  '--upload-pack=touch${IFS}pwned',
  'constructor',
  '__proto__',
  `🚀/é${'x'.repeat(200)}`,
  'a;id"b\'c`d',
  '<script>alert(1)</script>&y=z#w',
  '%2e%2e',
]
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: meant for a shell

test.each(BRANCHES.map((branch, index) => [branch, index] as const))(
  'a branch called %s is built as data',
  async (branch, index) => {
    const repository = `names/branch-${index}`
    const message = `${branch}\n\n$(touch pwned) <img src=x onerror=alert(1)> \u001b[31m`
    const at = await ci.write(lambciJson('printf "%s|%s\\n" "$LAMBCI_BRANCH" "$LAMBCI_CHECKOUT_BRANCH"; ls'))
    const commit = await ci.push(at, repository, branch, {}, message)
    const view = await ci.ended({ project: `gh/${repository}`, number: 1 })
    expect(view).toMatchObject({ status: 'passed', branch, checkoutBranch: branch, commit })
    const log = await ci.log(view)
    expect(log).toContain(`${branch}|${branch}\n`)
    expect(log).not.toMatch(/^pwned$/m)
    const page = await (await fetch(`${ci.system.addresses.url}/gh/${repository}/builds/1`)).text()
    // The page's own script is the only one.
    expect(page.replace(`<script>${BROWSER_SCRIPT}</script>`, '').match(/<script|<img/)).toBeNull()
  },
)

test('no part of these names has been run', async () => {
  const names = await readdir(ci.directory, { recursive: true })
  expect(names.filter(name => basename(name) === 'pwned')).toEqual([])
})
