import { projectSchema } from '../model/names.ts'

/** Names one build. */
export type BuildRef = { project: string; number: number }

export const deliveryKey = (id: string) => `deliveries/${id}.json`
export const counterKey = (project: string) => `${project}/counter.json`
export const runnerSecretsKey = 'secrets/runner.json'

/** Settings and secret variables of the account: first those for all repositories, then the repository's own. */
export const settingsKeys = (project: string) => ['config/global.json', `config/${project}.json`] as const
export const variablesKeys = (project: string) =>
  ['secrets/env/global.json', `secrets/env/${project}.json`] as const

const branchesPrefix = (project: string) => `${project}/branches/`
/** Where all branches of a repository have their newest builds, and the branch that such a key is of. */
export const branchKeys = {
  prefix: branchesPrefix,
  branchOf: (key: string) => decodeURIComponent(key.slice(key.lastIndexOf('/') + 1).replace(/\.json$/, '')),
}

/** A branch may hold any character: percent-encoded it is one level of the key, and never `.` or `..`. */
export const branchKey = (project: string, branch: string) =>
  `${branchesPrefix(project)}${encodeURIComponent(branch).replace(/^\.+$/, dots => '%2E'.repeat(dots.length))}.json`

/** Dependency caches of a repository's builds of one level of trust: at the top, so that they can expire. */
export const cachePrefix = (project: string, trust: string) => `cache/${project}/${trust}/`
/** What runs on a repository's stages, and who deploys there. */
export const stagesPrefix = (project: string) => `${project}/stages/`

/** One stage of a repository. */
export type StageRef = { project: string; stage: string }

/** The objects of one stage (docs/bucket.md). */
export function stageKeys({ project, stage }: StageRef) {
  const at = `${stagesPrefix(project)}${stage}`
  return {
    lock: `${at}/lock.json`,
    next: `${at}/next.json`,
    current: `${at}/current.json`,
    deploys: `${at}/deploys/`,
    deploy: (number: number) => `${at}/deploys/${number}.json`,
  }
}

/** The objects of one build, each with a single writer (docs/bucket.md). */
export function buildKeys({ project, number }: BuildRef) {
  const at = `${project}/builds/${number}`
  return {
    build: `${at}/build.json`,
    run: `${at}/run.json`,
    report: `${at}/report.json`,
    cancel: `${at}/cancel.json`,
    log: {
      prefix: `${at}/log/`,
      /** Twelve digits, so that the order of keys is the order of bytes. */
      segment: (firstByte: number) => `${at}/log/${String(firstByte).padStart(12, '0')}.txt`,
      lines: `${at}/log/lines.json`,
      whole: `${at}/log.txt`,
    },
  }
}

const BUILD_KEY = /^(gh\/[^/]+\/[^/]+)\/builds\/([1-9][0-9]{0,9})\/[a-z]+\.json$/

/** The build that an object belongs to, or null for a key that is no build's record. */
export function buildOfKey(key: string): BuildRef | null {
  const [, project, number] = BUILD_KEY.exec(key) ?? []
  if (!project || !projectSchema.safeParse(project).success) return null
  return { project, number: Number(number) }
}
