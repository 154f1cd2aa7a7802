import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

type Package = { hasInstallScript?: boolean; integrity?: string; link?: boolean; resolved?: string }
const read = (name: string) => JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'))
const { packages } = read('package-lock.json') as { packages: Record<string, Package> }
const manifests = ['package.json', 'scripts/node/package.json'].map(read)
const installed = Object.entries(packages).filter(([path]) => path !== '')

test('no installed package has an install script', () => {
  const scripted = installed.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path)
  expect(scripted).toEqual([])
})

test('every installed package is pinned by a SHA-512 hash', () => {
  // A package of this checkout, and the link to it.
  const own = ['node_modules/lambci-node', 'scripts/node']
  const unpinned = installed.filter(([, { integrity }]) => !integrity?.startsWith('sha512-'))
  expect(unpinned.map(([path]) => path)).toEqual(own)
})

test('every dependency has an exact version and is documented in docs/dependencies.md', () => {
  const all: Record<string, string> = Object.assign(
    {},
    ...manifests.flatMap(({ devDependencies, optionalDependencies }) => [
      devDependencies,
      optionalDependencies,
    ]),
  )
  expect(Object.keys(all).length).toBeGreaterThan(30)
  for (const [name, version] of Object.entries(all))
    expect([name, version]).toEqual([name, expect.stringMatching(/^\d/)])
  const documented = readFileSync(new URL('../../docs/dependencies.md', import.meta.url), 'utf8')
  const short = (name: string) => name.replace(/^@(?:aws-sdk|octokit)\//, '').replace('webhooks-', '-')
  const missing = Object.keys(all).filter(
    name => !documented.includes(name) && !documented.includes(short(name)),
  )
  expect(missing).toEqual([])
})

test('the package has no dependencies: all that it runs is bundled', () => {
  const [{ dependencies, optionalDependencies, peerDependencies, scripts }] = manifests
  expect([dependencies, optionalDependencies, peerDependencies]).toEqual([undefined, undefined, undefined])
  const atInstallation = ['preinstall', 'install', 'postinstall', 'prepare']
  expect(atInstallation.filter(name => name in scripts)).toEqual([])
})
