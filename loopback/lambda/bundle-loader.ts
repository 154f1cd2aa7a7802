import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { Script } from 'node:vm'

type Exports = Record<string, unknown>

/**
 * Loads a bundle (CommonJS), with V8's code of earlier processes. Node's compile cache has only code that is compiled before a module runs;
 * this one has each function that was called before `save`, which saves a sixth of a process's time.
 */
export function loadBundle(entry: string, cache: string): { exports: Exports; save: () => void } {
  const loaded = new Map<string, { exports: Exports }>()
  const fresh = new Map<string, Script>()
  const load = (path: string): Exports => {
    const known = loaded.get(path)
    if (known) return known.exports
    const module = { exports: {} as Exports }
    loaded.set(path, module)
    const file = join(cache, `${basename(dirname(path))}-${basename(path)}`)
    const cachedData = read(file)
    const code = `(function (exports, require, module) {${readFileSync(path, 'utf8')}\n})`
    const script = new Script(code, { filename: path, ...(cachedData && { cachedData }) })
    if (!cachedData || script.cachedDataRejected) fresh.set(file, script)
    const builtIn = createRequire(path)
    const require = (name: string) =>
      name.startsWith('./') ? load(join(dirname(path), name)) : builtIn(name)
    script.runInThisContext().call(module.exports, module.exports, require, module)
    return module.exports
  }
  const exports = load(entry)
  const save = () => {
    if (fresh.size > 0) mkdirSync(cache, { recursive: true })
    for (const [file, script] of fresh) {
      const unfinished = `${file}.${process.pid}`
      writeFileSync(unfinished, script.createCachedData())
      renameSync(unfinished, file)
    }
    fresh.clear()
  }
  return { exports, save }
}

function read(file: string): Buffer | undefined {
  try {
    return readFileSync(file)
  } catch {
    return undefined
  }
}
