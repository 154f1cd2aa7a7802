import type { FileLayers } from './files.ts'
import { isObject, type JsonObject } from './json.ts'
import type { Layer } from './layer.ts'
import { GLOBAL } from './settings.ts'

type Layers = {
  /** The account's layers. */
  settings: readonly Layer[]
  files: Pick<FileLayers, 'layers' | 'complete'>
  /** Whether the account's settings are known. */
  isComplete: boolean
}

/**
 * Why the `deploy` of a repository can never run: no layer has a rule in `stages`. Null if it can. The account's global
 * settings may have one for other repositories.
 */
export function explainUnusedDeploy({ settings, files, isComplete }: Layers): string | null {
  if ([...settings, ...files.complete].some(({ values }) => hasStages(values))) return null
  const own = settings.filter(({ name }) => name !== GLOBAL)
  const source = [...own, ...files.layers].find(({ values }) => sets(values, 'deploy'))
  if (!source) return null
  const where = isComplete ? 'no settings have a rule in "stages"' : 'no file has a rule in "stages"'
  return `${source.name}: "deploy" never runs, because ${where}. Add "stages": {"main": "production"}, or remove "deploy".`
}

const hasStages = (values: JsonObject) =>
  withRules(values).some(({ stages }) => isObject(stages) && Object.keys(stages).length > 0)

const sets = (values: JsonObject, key: string) => withRules(values).some(each => Object.hasOwn(each, key))

/** A layer, and the branch rules in it. */
function withRules(values: JsonObject): JsonObject[] {
  const rules = isObject(values.branches) ? Object.values(values.branches) : []
  return [values, ...rules.filter(isObject)]
}
