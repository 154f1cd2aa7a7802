import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { rolldown } from 'rolldown'

/**
 * Writes `src/pages/browser-script.ts`, which contains the script of the pages as a string, because browsers do not
 * run TypeScript. With `--check` it only checks that the file is up to date.
 */
const PAGES = join(import.meta.dirname, '..', 'src', 'pages')
const target = join(PAGES, 'browser-script.ts')

const bundler = await rolldown({
  input: join(PAGES, 'browser', 'main.ts'),
  platform: 'browser',
  transform: { target: 'es2022' },
})
const { output } = await bundler.generate({ format: 'iife', minify: true, strict: true })
await bundler.close()
const script = output[0].code.trim()
if (/<\/script|<!--/i.test(script))
  throw new Error('The script contains markup that would end its <script> element')
const expected = `// Written by scripts/write-browser-script.ts from src/pages/browser/: do not edit.\nexport const BROWSER_SCRIPT =\n  ${JSON.stringify(script)}\n`

if (process.argv.includes('--check')) {
  if ((await readFile(target, 'utf8').catch(() => '')) !== expected) {
    console.error('src/pages/browser-script.ts is out of date. Run npm run script.')
    process.exitCode = 1
  }
} else {
  await writeFile(target, expected)
  console.log(`src/pages/browser-script.ts  ${(script.length / 1024).toFixed(1)} KB`)
}
