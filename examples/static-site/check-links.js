/** Fails if a page in dist links to a file that is not there. */
import { existsSync, globSync, readFileSync } from 'node:fs'

const links = globSync('dist/*.html').flatMap(page =>
  [...readFileSync(page, 'utf8').matchAll(/(?:href|src)="([^"#:]+)"/g)].map(([, to]) => ({ page, to })),
)
const broken = links.filter(({ to }) => !existsSync(`dist/${to}`))
for (const { page, to } of broken) console.error(`${page} links to ${to}, which does not exist`)
console.log(`${links.length} links, ${broken.length} broken`)
process.exitCode = broken.length > 0 ? 1 : 0
