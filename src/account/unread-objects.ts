import { projectNamed, projectSchema } from '../model/names.ts'
import {
  counterKey,
  runnerSecretsKey,
  settingsKeys,
  stageOfVariablesKey,
  stageVariablesKey,
  variablesKeys,
} from '../records/keys.ts'
import type { Store } from '../records/store.ts'
import { meantBy, stageMeantBy } from './key-meaning.ts'

/** Settings and secrets have keys that people may write by hand. Objects under other spellings are not read. */
const PREFIXES = ['config/', 'secrets/'] as const

/** The keys of all settings and secrets. */
export const listAccountKeys = async (store: Store): Promise<string[]> =>
  (await Promise.all(PREFIXES.map(prefix => store.list(prefix)))).flat().map(({ key }) => key)

/** The keys among these that are read neither for a repository nor for all. Folders as consoles make them are left out. */
export const unreadKeys = (keys: readonly string[]): string[] =>
  keys.filter(key => !key.endsWith('/') && !isRead(key))

function isRead(key: string): boolean {
  const [, project = ''] = /^(?:config|secrets\/env)\/(.*)\.json$/.exec(key) ?? []
  if (project === 'global' || key === runnerSecretsKey || stageOfVariablesKey(key)) return true
  return projectSchema.safeParse(project).data === project
}

const nameOf = (project: string) => project.slice('gh/'.length)
const endsWithName = (key: string, name: string) => `/${meantBy(key)}`.endsWith(`/${name}`)

/** Whether a key can mean this repository (`owner/repo`) or one of its stages. */
function means(key: string, name: string): boolean {
  const stage = stageMeantBy(key)
  return stage?.name === name || (!stage?.isSure && endsWithName(key, name))
}

/** The unread keys among these that can only mean all repositories or one of these: by another spelling, folder or ending. */
const misspelledKeys = (keys: readonly string[], projects: readonly string[]): string[] =>
  unreadKeys(keys).filter(
    key => meantBy(key) === 'global' || projects.some(project => means(key, nameOf(project))),
  )

/**
 * The keys among these that were written for a repository but are ignored by its builds: misspelled ones and, if it was renamed, those
 * under its current name (`named`), unless another repository has its records there.
 */
export async function leftOutKeys(
  store: Store,
  keys: readonly string[],
  { project, named }: { project: string; named: string },
): Promise<string[]> {
  const misspelled = misspelledKeys(keys, [project, named])
  if (named === project) return misspelled
  const own: string[] = [settingsKeys(named)[1], variablesKeys(named)[1]]
  const ofName = keys.filter(key => own.includes(key) || stageOfVariablesKey(key)?.project === named)
  const areOfAnother = ofName.length > 0 && (await store.get(counterKey(named))) !== null
  return areOfAnother ? misspelled : [...misspelled, ...ofName]
}

/** Advice on unread keys, in one sentence for each. `project`: the repository that they mean; null if it is not known. */
export const describeUnread = (keys: readonly string[], project: string | null): string =>
  keys
    .map(key => {
      const right = rightKey(key, project)
      return `${key} in the bucket is not read: ${right ? `move it to ${right}, or remove it` : 'remove it'}.`
    })
    .join(' ')

function rightKey(key: string, project: string | null): string | null {
  const keysOf = key.startsWith('secrets/') ? variablesKeys : settingsKeys
  if (meantBy(key) === 'global') return keysOf('')[0]
  const meant = stageMeantBy(key)
  if (meant && (meant.isSure || (project !== null && !endsWithName(key, nameOf(project))))) {
    const right =
      meant.stage && stageVariablesKey({ project: project ?? projectNamed(meant.name), stage: meant.stage })
    return right && isRead(right) ? right : null
  }
  if (project !== null) return keysOf(project)[1]
  return isRead(key.toLowerCase()) ? key.toLowerCase() : null
}
