/** Writes each of the pages, in the layout, to dist. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'

const layout = readFileSync('layout.html', 'utf8')

rmSync('dist', { recursive: true, force: true })
mkdirSync('dist')
for (const name of readdirSync('pages')) {
  const page = readFileSync(`pages/${name}`, 'utf8')
  const title = /<h1>(.*?)<\/h1>/.exec(page)?.[1] ?? name
  writeFileSync(
    `dist/${name}`,
    layout.replace('{{title}}', () => title).replace('{{page}}', () => page.trim()),
  )
}
copyFileSync('style.css', 'dist/style.css')
console.log(`dist: ${readdirSync('dist').join(', ')}`)
