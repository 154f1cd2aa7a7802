import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

type Package = { hasInstallScript?: boolean; integrity?: string; link?: boolean; resolved?: string }
const read = (name: string) => JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'))
const { packages } = read('package-lock.json') as { packages: Record<string, Package> }
const manifest = read('package.json')
const installed = Object.entries(packages).filter(([path]) => path !== '')

test('no installed package has an install script', () => {
  const scripted = installed.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path)
  expect(scripted).toEqual([])
})

test('every installed package is pinned by a SHA-512 hash', () => {
  expect(installed.filter(([, { integrity }]) => !integrity?.startsWith('sha512-'))).toEqual([])
})

test('every dependency has an exact version and is documented in docs/dependencies.md', () => {
  const { dependencies, devDependencies, optionalDependencies } = manifest
  const all = { ...dependencies, ...devDependencies, ...optionalDependencies } as Record<string, string>
  for (const [name, version] of Object.entries(all))
    expect([name, version]).toEqual([name, expect.stringMatching(/^\d/)])
  const documented = readFileSync(new URL('../../docs/dependencies.md', import.meta.url), 'utf8')
  const short = (name: string) => name.replace(/^@(?:aws-sdk|octokit)\//, '').replace('webhooks-', '-')
  const missing = Object.keys(all).filter(
    name => !documented.includes(name) && !documented.includes(short(name)),
  )
  expect(missing).toEqual([])
})
