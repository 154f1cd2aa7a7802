import { UserError } from '../../src/model/user-error.ts'
import type { Aws, Json } from './aws.ts'
import type { Context } from './context.ts'
import type { Options } from './options.ts'
import { describeStack } from './stack.ts'

/**
 * The executions of an account that Lambda keeps for functions that reserve none.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
 */
const KEPT_BY_LAMBDA = 100
/** The recommended number for each of http and report. A function that reserves executions cannot use others. */
const RECOMMENDED = 20

type Reserved = {
  /** For each of http and report. */
  own: number
  /** For each of the four run functions. */
  builds: number
}
type Quota = { quota: number; unreserved: number }

const sumOf = ({ own, builds }: Reserved) => 2 * own + 4 * builds
const reservedIn = (
  parameters: Record<string, string>,
  before: Reserved = { own: 0, builds: 0 },
): Reserved => ({
  own: Number(parameters.OwnConcurrency ?? before.own),
  builds: Number(parameters.BuildConcurrency ?? before.builds),
})

/**
 * Compares the executions that the stack reserves, before and after a deploy, with the account's concurrency. `refusal`: there is no room
 * for them. `note`: http and report reserve none, and whether there is room. A pure function.
 */
export function compareConcurrency(
  before: Reserved,
  after: Reserved,
  { quota, unreserved }: Quota,
): { refusal: string | null; note: string | null } {
  const room = unreserved + sumOf(before) - KEPT_BY_LAMBDA
  /** The quota in which these would fit. */
  const neededFor = (wanted: Reserved) => quota + sumOf(wanted) - room
  const ofAccount = `the account's quota is ${quota}, of which Lambda keeps ${KEPT_BY_LAMBDA} for functions that reserve none`
  if (sumOf(after) > sumOf(before) && sumOf(after) > room)
    return {
      refusal: `There is no room for ${sumOf(after)} reserved executions (OwnConcurrency for http and report, BuildConcurrency for four functions): ${ofAccount}. They fit from a quota of ${neededFor(after)}.`,
      note: null,
    }
  if (after.own > 0) return { refusal: null, note: null }
  const wanted = { ...after, own: RECOMMENDED }
  const without =
    'http and report have no executions of their own: builds that use up all of them keep them waiting.'
  const note =
    sumOf(wanted) <= room
      ? `${without} There is room: --param OwnConcurrency=${RECOMMENDED}`
      : `${without} There is no room for that: ${ofAccount}. OwnConcurrency=${RECOMMENDED} fits from a quota of ${neededFor(wanted)}.`
  return { refusal: null, note }
}

/**
 * Checks that there is room for the executions that the stack will reserve, before anything is changed. Returns a note to print.
 * @throws UserError if there is not
 */
export async function checkConcurrency(
  { aws }: Pick<Context, 'aws'>,
  { stack, parameters }: Pick<Options, 'stack' | 'parameters'>,
): Promise<string | null> {
  const quota = await readQuota(aws)
  if (!quota) return null
  const before = reservedIn((await describeStack(aws, stack))?.parameters ?? {})
  const { refusal, note } = compareConcurrency(before, reservedIn(parameters, before), quota)
  if (refusal !== null)
    throw new UserError(
      `${refusal} Ask for it: aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value NUMBER${aws.cliOptions}`,
    )
  return note
}

/** Null if the user may not see it. CloudFormation then says whether there is room. */
async function readQuota(aws: Aws): Promise<Quota | null> {
  const answer = await aws.tryRun('lambda', 'get-account-settings')
  const limit: Json = answer.ok ? answer.value?.AccountLimit : null
  if (!limit) return null
  return { quota: limit.ConcurrentExecutions, unreserved: limit.UnreservedConcurrentExecutions }
}
