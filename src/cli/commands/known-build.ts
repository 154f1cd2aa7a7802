import { setTimeout as sleep } from 'node:timers/promises'
import { type ListedSecret, listStageSecrets } from '../../account/change-secrets.ts'
import { projectOnRecord } from '../../account/find-project.ts'
import { findSecretVariables, readSecretVariables } from '../../account/secrets.ts'
import { readAccount } from '../../account/settings.ts'
import { listAccountKeys } from '../../account/unread-objects.ts'
import { notAllowed } from '../../admission/admit.ts'
import type { Build } from '../../model/build.ts'
import { trustOf } from '../../model/trust.ts'
import { UserError } from '../../model/user-error.ts'
import { listTimings } from '../../records/timings.ts'
import { describeError } from '../describe-error.ts'
import type { Io } from '../io.ts'
import { type FoundStack, findStack, type StackOptions } from './find-stack.ts'
import { noteUnread } from './note-unread.ts'
import { LOCAL_OWNER } from './working-copy.ts'

/** A hypothetical build under the account's settings. */
export type KnownBuild = {
  build: Build
  /** The names of its secret variables, as far as they can be read. */
  secretNames: readonly string[]
  /** The secret variables that only the deploy of a stage gets. */
  stageSecrets: readonly ListedSecret[]
  /** The seconds of the files that divide jobs, by the name of the job. */
  timings: ReadonlyMap<string, ReadonlyMap<string, number>>
  /** Why the account would refuse it; null if it would not. */
  refusal: string | null
}

/** How long a stack may take to answer if it was not named. */
const TIMEOUT_MS = 5000

/**
 * Applies the account's settings to a hypothetical build, in the stack that other commands would find. `unknown` says why that was not
 * possible, and what to do.
 * @throws UserError if the settings are invalid, or if the stack that an option names cannot be read
 */
export async function readKnownBuild(
  build: Build,
  options: StackOptions,
  io: Io,
): Promise<KnownBuild | { unknown: string }> {
  const reading = readOf(build, options, io)
  if (isNamed(options)) return reading
  reading.catch(() => {})
  const late = sleep(TIMEOUT_MS, undefined, { ref: false }).then(() => ({
    unknown: `The stack has not answered within ${TIMEOUT_MS / 1000} seconds. Name another one with --stack or --bucket.`,
  }))
  return Promise.race([reading, late])
}

const isNamed = ({ stack, bucket }: StackOptions) => Boolean(stack || bucket)

async function readOf(
  build: Build,
  options: StackOptions,
  io: Io,
): Promise<KnownBuild | { unknown: string }> {
  const unknown = (error: Error) => {
    if (isNamed(options)) throw error
    return { unknown: describeError(error) ?? `${error.name}: ${error.message}` }
  }
  const found = await findStack(options, io).catch(unknown)
  if ('unknown' in found) return found
  using stack = found
  return readFrom(stack, build, io).catch(error => {
    // The account's settings are wrong: no build would start with them.
    if (error instanceof UserError) throw error
    return unknown(error)
  })
}

async function readFrom({ store }: FoundStack, working: Build, io: Io): Promise<KnownBuild> {
  const { repository } = working
  const project = await projectOnRecord(store, repository)
  const account = await readAccount(store, project)
  const trust = trustOf(working, account.mayDeploy)
  const build = { ...working, project, trust, settings: account.settings }
  await noteUnread(store, { repository, project }, io)
  const names = async () => {
    const keys = findSecretVariables(await listAccountKeys(store), build, account)
    return Object.keys(await readSecretVariables(store, keys))
  }
  const mayDeploy = trust === 'protected' && account.inheritsSecrets(build)
  // The account cannot allow a working copy without a remote, because it has no name.
  const isBuilt = repository.startsWith(`${LOCAL_OWNER}/`) || account.allows(repository)
  return {
    build,
    secretNames: await names().catch(refusedNames),
    stageSecrets: mayDeploy ? await listStageSecrets(store, project).catch(refusedNames) : [],
    timings: await listTimings(store, project).catch(refusedTimings),
    refusal: isBuilt ? null : notAllowed(build).reason,
  }
}

/** The user may be allowed to read the settings but not the secrets. */
const refusedNames = (error: Error): [] => refused(error, [])
const refusedTimings = (error: Error): KnownBuild['timings'] => refused(error, new Map())

function refused<T>(error: Error, instead: T): T {
  if (error.name === 'AccessDenied') return instead
  throw error
}
