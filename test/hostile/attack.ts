import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { lambciJson as configOf, type Files, type TestSystem } from '../support/test-system.ts'

/** The text of a file in attacks/. */
export const readAttack = (name: string) => readFile(join(import.meta.dirname, 'attacks', name), 'utf8')

/** Reading another process's memory needs privileges that this machine may not grant. */
export const canReadMemory = (() => {
  try {
    closeSync(openSync(`/proc/${process.ppid}/mem`, 'r'))
    return true
  } catch {
    return false
  }
})()

/** A configuration that builds only pull requests and `master`. */
export const lambciJson = (cmd: string, rest: object = {}) =>
  configOf(cmd, { branches: { master: true }, ...rest })

/** Neither the base nor the fork is built for its own push: the pull request is the first build. */
const MESSAGE = 'A change [skip ci]'

/**
 * Prepares an attack by a pull request from a fork with these files. `base` is in the configuration of the base repository.
 * @returns a function that opens the pull request and returns its build
 */
export async function prepareAttack(ci: TestSystem, name: string, files: Files, base: object = {}) {
  const repository = `home/${name}`
  const at = await ci.write(configOf('true', { ...base, pullRequests: { fromForkPublicRepo: true } }))
  await ci.push(at, repository, 'master', {}, MESSAGE)
  await ci.api('POST', `/repos/${repository}/forks`, { organization: 'stranger' })
  await ci.push(at, `stranger/${name}`, 'topic', files, MESSAGE)
  return async () => {
    await ci.api('POST', `/repos/${repository}/pulls`, {
      title: 'Nothing to see',
      head: 'stranger:topic',
      base: 'master',
    })
    return { project: `gh/${repository}`, number: 1 }
  }
}
