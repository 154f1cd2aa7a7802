import { FRESH_MS, type ReadRunnerSecrets } from './account/secrets.ts'
import { type AdmissionContext, type AdmissionResult, admit, type Refusal } from './admission/admit.ts'
import { admitDeploy, admitRebuild } from './admission/admit-again.ts'
import { admitRepetition } from './admission/admit-repetition.ts'
import { admitRerun, type RerunQueries } from './admission/admit-rerun.ts'
import type { FindOnGitHub } from './admission/confirm-name.ts'
import { identify } from './admission/identify.ts'
import { recordGoneOnce } from './admission/record-gone.ts'
import { DEPLOY_EVENT, FLAKY_EVENT, isOwnEvent, parseSignedRequest } from './admission/signed-requests.ts'
import { type Delivery, digestOf, parsePayload } from './github/delivery.ts'
import { type CheckEvent, isCheckEvent, isSupportedEvent, parseEvent } from './github/event.ts'
import { requestFromEvent } from './github/request-from-event.ts'
import { rerunFromEvent } from './github/rerun-from-event.ts'
import { findSigner } from './github/signature.ts'
import type { Signer } from './model/signer.ts'
import { deliveryOf } from './records/keys.ts'
import { buildUrl, buildUrlWithoutKey } from './records/links.ts'
import { approveCommandOf } from './records/wording.ts'

/** The host's inputs for receiving. */
export type ReceiveContext = Omit<AdmissionContext, 'linkKey'> & {
  secrets: ReadRunnerSecrets
  findOnGitHub: FindOnGitHub
  /** Absent if nobody can press a button. */
  queries?: RerunQueries
}

/** The answer to GitHub. People read it in the repository's list of deliveries. */
export type Answer = { status: 200 | 202 | 400 | 401 | 403 | 404 | 409; body: Record<string, unknown> }

type Context = AdmissionContext & Pick<ReceiveContext, 'findOnGitHub' | 'queries'> & { appId: number | null }

/**
 * The first of three stories: a delivery is verified, parsed, and admitted as a numbered build whose job is published. Nothing is recorded
 * until the delivery has been verified, is allowed, and requests a build. Only the signed body decides, not its headers.
 */
export async function receiveDelivery(delivery: Delivery, context: ReceiveContext): Promise<Answer> {
  const { linkKey, githubApp } = await context.secrets()
  const payload = parsePayload(delivery.body)
  const { signer, acceptsSharedSecret } = await verify(delivery, payload, context)
  if (signer === null) return refuse(401, WRONG_SECRET)
  if (signer.by === 'shared' && !acceptsSharedSecret) return refuse(401, OLD_SECRET)
  const isOwn = signer.by === 'command-line'
  if (!isOwn && isOwnEvent(delivery.event)) return refuse(401, NOT_OURS)
  if (!isOwn && !isSupportedEvent(delivery.event)) {
    const reason = `The event "${delivery.event}" starts no build: only push, pull_request and merge_group do, and buttons of check runs.`
    return refuse(200, reason)
  }
  if (payload === null)
    return refuse(
      400,
      'The body of this delivery is not valid JSON, nor a form with the one field "payload".',
    )
  const admission = { ...context, linkKey, appId: githubApp?.id ?? null }
  const result = isOwn
    ? await admitRequest(payload, admission)
    : await admitEvent(delivery, payload, signer, admission)
  return 'status' in result ? result : answerTo(result, isOwn ? linkKey : null)
}

/** Finds the signer of a delivery. A secret newer than those in memory was just created by `lambci setup`. */
async function verify(delivery: Delivery, payload: unknown, { secrets }: Pick<ReceiveContext, 'secrets'>) {
  const known = await secrets()
  const signer = await findSigner(delivery, payload, known.webhookSecrets)
  if (signer !== null) return { signer, acceptsSharedSecret: known.acceptsSharedSecret }
  const fresh = await secrets(FRESH_MS)
  const { webhookSecrets, acceptsSharedSecret } = fresh
  const isNew = fresh !== known
  return { signer: isNew ? await findSigner(delivery, payload, webhookSecrets) : null, acceptsSharedSecret }
}

const WRONG_SECRET =
  'The signature does not match: the webhook\'s secret is not the one that this stack has for this repository. "lambci hook add OWNER/REPO" sets it.'
const OLD_SECRET =
  'This webhook still has the one secret of the stack, which counts no longer: each repository has a secret of its own. "lambci hook add OWNER/REPO" sets it.'

const NOT_OURS =
  'Requests of the command line are signed with a key of their own. Use the command line of the version that is deployed.'

/** A request of the command line. The signature covers its id, so it is carried out once. */
async function admitRequest(payload: unknown, context: Context): Promise<AdmissionResult | Answer> {
  const request = parseSignedRequest(payload, context.now())
  if ('error' in request) return refuse(400, request.error)
  const { id } = request
  if (request.event === FLAKY_EVENT) return admitRepetition(id, request, context)
  return request.event === DEPLOY_EVENT
    ? admitDeploy(id, request, context)
    : admitRebuild(id, request, context)
}

async function admitEvent(
  { event: name, body }: Delivery,
  payload: unknown,
  signer: Signer,
  context: Context,
): Promise<AdmissionResult | Answer> {
  const event = parseEvent(name, payload)
  if ('error' in event) return refuse(400, event.error)
  if (event.name === 'ping') return { status: 200, body: { pong: 'The webhook works.' } }
  if (isCheckEvent(event)) return rerun(event, digestOf(body), { ...context, signer })
  const parsed = requestFromEvent(event)
  if ('error' in parsed) return refuse(400, parsed.error)
  const { store, findOnGitHub, now } = context
  const digest = digestOf(body)
  if ('request' in parsed) {
    const identity = identify(store, parsed.request, { findOnGitHub, signer, now })
    return admit(digest, { ...parsed, isArrival: true, identity }, context)
  }
  if (parsed.gone) {
    const { trigger } = parsed.gone
    const identity = await identify(store, parsed.gone, { findOnGitHub, signer, now })
    const delivery = deliveryOf(parsed.gone, digest)
    if ('project' in identity)
      await recordGoneOnce(store, delivery, { project: identity.project, trigger }, now())
  }
  return { ignored: parsed.ignored }
}

/** Somebody has pressed a button of a check run, or the one for all of a commit. */
async function rerun(
  event: CheckEvent,
  digest: string,
  { queries, ...context }: Context & { signer: Signer },
): Promise<AdmissionResult | Answer> {
  const parsed = rerunFromEvent(event)
  if ('ignored' in parsed || !queries) return { ignored: 'ignored' in parsed ? parsed.ignored : NO_CHECKS }
  const results = await admitRerun(digest, parsed.rerun, { ...context, queries })
  const [first = { ignored: NO_CHECKS }, ...others] = results
  if (others.length === 0) return first
  const answers = results.map(result => answerTo(result, null))
  const status = answers.find(answer => answer.status === 202)?.status ?? answers[0]?.status ?? 200
  return { status, body: { reruns: answers.map(answer => answer.body) } }
}

const NO_CHECKS = 'This stack makes no check runs.'

const STATUS: Record<Refusal['refused'], Answer['status']> = {
  invalid: 400,
  forbidden: 403,
  unknown: 404,
  conflict: 409,
}

/**
 * Links include their key only for the command line, which can read it in the bucket. The answer to a webhook is visible to all who see its
 * deliveries, and anybody may resend a body that they have seen.
 */
function answerTo(result: AdmissionResult, linkKey: string | null): Answer {
  if ('refused' in result) return refuse(STATUS[result.refused], result.reason)
  if ('ignored' in result) return { status: 200, body: result }
  const { build } = result
  const { project, number, trigger, retryOf, approval, repeats } = build
  const url = linkKey === null ? buildUrlWithoutKey(build) : buildUrl(build, linkKey)
  const retry = retryOf === null ? {} : { retryOf }
  const waits = approval === null ? {} : { waits: `for approval: ${approveCommandOf(build)}` }
  const repetition = repeats === null ? {} : { repeats }
  return { status: 202, body: { project, number, trigger, url, ...retry, ...repetition, ...waits } }
}

const refuse = (status: Answer['status'], error: string): Answer => ({ status, body: { error } })
