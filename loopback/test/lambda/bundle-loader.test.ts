import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { scratchDirectory } from './host.ts'

const LOADER = new URL('../../lambda/bundle-loader.ts', import.meta.url)

test('a bundle is loaded with the code that earlier processes have kept, unless that is broken', () => {
  const directory = scratchDirectory()
  const [bundle, cache] = [join(directory, 'bundle'), join(directory, 'cache')]
  mkdirSync(bundle)
  const index = join(bundle, 'index.js')
  writeFileSync(
    index,
    "exports.sum = (a, b) => require('./sum.js')(a, b); exports.self = require('./index.js')",
  )
  writeFileSync(
    join(bundle, 'sum.js'),
    "const { sep } = require('node:path'); module.exports = (a, b) => a + b + sep",
  )
  const script = `
    import { loadBundle } from '${LOADER}'
    const { exports, save } = loadBundle('${index}', '${cache}')
    console.log(exports.sum(1, 2), exports.self === exports)
    save()`
  // V8 looks at the cache only in a process that has not compiled the same source before.
  const load = () =>
    expect(
      execFileSync(process.execPath, ['--input-type=module-typescript', '-e', script], { encoding: 'utf8' }),
    ).toBe('3/ true\n')
  load()
  const kept = readdirSync(cache)
  expect(kept.toSorted()).toEqual(['bundle-index.js', 'bundle-sum.js'])
  const [file = ''] = kept.map(name => join(cache, name))
  const { mtimeMs, ino } = statSync(file)
  load()
  expect(statSync(file)).toMatchObject({ mtimeMs, ino })
  const { length } = readFileSync(file)
  writeFileSync(file, 'broken')
  load()
  expect(readFileSync(file)).toHaveLength(length)
})

test('code that was kept of another source is not used, not even if both are equally long', () => {
  const directory = scratchDirectory()
  const [index, cache] = [join(directory, 'index.js'), join(directory, 'cache')]
  const load = (name: string) => {
    writeFileSync(index, `exports.name = () => '${name}'`)
    const script = `
      import { loadBundle } from '${LOADER}'
      const { exports, save } = loadBundle('${index}', '${cache}')
      console.log(exports.name())
      save()`
    return execFileSync(process.execPath, ['--input-type=module-typescript', '-e', script], {
      encoding: 'utf8',
    })
  }
  expect(['old', 'old', 'new', 'new'].map(load)).toEqual(['old\n', 'old\n', 'new\n', 'new\n'])
})
