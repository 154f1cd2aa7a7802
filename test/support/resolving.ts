import { type Files, NO_FILES } from '../../src/config/files.ts'
import type { JsonObject } from '../../src/config/json.ts'
import { type ResolveInput, resolveConfig } from '../../src/config/resolve.ts'

export type Subject = ResolveInput['build']
export type Case = {
  build?: Partial<Subject>
  global?: JsonObject
  repository?: JsonObject
  base?: JsonObject
  head?: JsonObject
  /** Default: an empty one, so that the default command can run. */
  packageJson?: JsonObject
}

export const PUSH: Subject = {
  event: 'push',
  branch: 'master',
  isFork: false,
  isPrivate: false,
  trust: 'branch',
  project: 'gh/o/r',
}
export const PULL: Partial<Subject> = { event: 'pull_request' }
export const FORK: Partial<Subject> = { event: 'pull_request', isFork: true, trust: 'fork' }
export const BUILDS = 'arn:aws:sns:us-east-1:123456789012:builds'
export const OTHERS = 'arn:aws:sns:us-east-1:123456789012:others'
export const topic = (topicArn: string) => ({ notifications: { sns: { topicArn } } })

export const filesOf = (lambci?: JsonObject, packageJson?: JsonObject): Files => ({
  ...NO_FILES,
  lambciJson: lambci === undefined ? null : JSON.stringify(lambci),
  packageJson: packageJson === undefined ? null : JSON.stringify(packageJson),
})

/** Resolves some layers. By default the build is a push to master. */
export function resolve({ build, global, repository, base, head, packageJson }: Case) {
  const account = { ...(global && { global }), ...(repository && { repository }) }
  return resolveConfig({
    build: { ...PUSH, ...build },
    account,
    base: filesOf(base),
    head: filesOf(head, packageJson ?? {}),
  })
}
