import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { copyFile, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { jobKeys } from '../../src/records/keys.ts'
import type { View } from '../../src/records/view.ts'
import type { TestSystem } from './test-system.ts'

/** The directory of the examples. */
export const EXAMPLES = join(import.meta.dirname, '..', '..', 'examples')

export const exampleNames = readdirSync(EXAMPLES, { withFileTypes: true })
  .filter(entry => entry.isDirectory())
  .map(({ name }) => name)

/** The files of an example that git has or would add: nothing that was built or installed there. */
export const filesOfExample = (name: string): string[] =>
  execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: join(EXAMPLES, name),
    encoding: 'utf8',
  })
    .split('\0')
    .filter(Boolean)

/** Creates a repository that has the files of an example, as they are. Returns its directory. */
export async function writeExample(ci: TestSystem, name: string): Promise<string> {
  const at = await ci.write({})
  for (const file of filesOfExample(name)) {
    await mkdir(dirname(join(at, file)), { recursive: true })
    await copyFile(join(EXAMPLES, name, file), join(at, file))
  }
  return at
}

/** How each job of a build ended, by its title. */
export const statusesOf = ({ jobs }: View): Record<string, string> =>
  Object.fromEntries(jobs.map(({ title, status }) => [title, status]))

/** The log of the job with this title. Empty if it has none. */
export async function logOfJob({ system }: TestSystem, view: View, title: string): Promise<string> {
  const ref = view.jobs.find(job => job.title === title)?.ref
  const stored = ref && (await system.store.get(jobKeys(view, ref).log.whole))
  return Buffer.from(stored?.body ?? '').toString('utf8')
}

/** Removes the artifacts of all builds of a repository, as the lifecycle rule does after 30 days. What stages keep stays. */
export async function expireArtifacts({ system: { store } }: TestSystem, project: string): Promise<void> {
  const expired = await store.list(`out/${project}/`)
  if (expired.length === 0) throw new Error(`The builds of ${project} have left no artifacts`)
  for (const { key } of expired) await store.remove(key)
}
