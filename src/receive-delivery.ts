import type { RunnerSecrets } from './account/secrets.ts'
import { type AdmissionContext, type AdmissionResult, admit, type Refusal } from './admission/admit.ts'
import { admitDeploy, admitRebuild } from './admission/admit-again.ts'
import { type FindOnGitHub, identify } from './admission/identify.ts'
import { recordGone } from './admission/record-gone.ts'
import {
  DEPLOY_EVENT,
  parseDeployRequest,
  parseRebuildRequest,
  REBUILD_EVENT,
} from './admission/signed-requests.ts'
import { type Delivery, parsePayload } from './github/delivery.ts'
import { isSupportedEvent, parseEvent } from './github/event.ts'
import { requestFromEvent } from './github/request-from-event.ts'
import { verifySignature } from './github/signature.ts'

/** What receiving needs from its host. */
export type ReceiveContext = Omit<AdmissionContext, 'linkKey'> & {
  secrets: () => Promise<RunnerSecrets>
  findOnGitHub: FindOnGitHub
}

/** The answer to GitHub. People read it in the repository's list of deliveries. */
export type Answer = { status: 200 | 202 | 400 | 401 | 403 | 404 | 409; body: Record<string, unknown> }

/**
 * The first of three stories. A delivery is verified, parsed, and admitted as a numbered build whose job is published.
 * Nothing is recorded until the delivery has been verified, is allowed, and requests a build.
 */
export async function receiveDelivery(delivery: Delivery, context: ReceiveContext): Promise<Answer> {
  const { webhookSecrets, linkKey } = await context.secrets()
  if (!(await verifySignature(delivery, webhookSecrets))) {
    return refuse(
      401,
      "The signature does not match: the webhook's secret is not the one that this stack uses.",
    )
  }
  if (![REBUILD_EVENT, DEPLOY_EVENT].includes(delivery.event) && !isSupportedEvent(delivery.event)) {
    const reason = `The event "${delivery.event}" starts no build: only push, pull_request and merge_group do.`
    return refuse(200, reason)
  }
  const payload = payloadOf(delivery)
  if ('error' in payload) return refuse(400, payload.error)
  const result = await admitDelivery(delivery, payload.json, { ...context, linkKey })
  return 'status' in result ? result : answerTo(result)
}

async function admitDelivery(
  { event: name, id }: Delivery,
  payload: unknown,
  context: AdmissionContext & Pick<ReceiveContext, 'findOnGitHub'>,
): Promise<AdmissionResult | Answer> {
  if (name === REBUILD_EVENT) {
    const parsed = parseRebuildRequest(payload)
    return 'error' in parsed ? refuse(400, parsed.error) : admitRebuild(id, parsed, context)
  }
  if (name === DEPLOY_EVENT) {
    const parsed = parseDeployRequest(payload)
    return 'error' in parsed ? refuse(400, parsed.error) : admitDeploy(id, parsed, context)
  }
  const event = parseEvent(name, payload)
  if ('error' in event) return refuse(400, event.error)
  if (event.name === 'ping') return { status: 200, body: { pong: 'The webhook works.' } }
  const parsed = requestFromEvent(event)
  if ('error' in parsed) return refuse(400, parsed.error)
  const { store, findOnGitHub } = context
  if ('request' in parsed) {
    const identity = identify(store, parsed.request, findOnGitHub)
    return admit(id, { ...parsed, isArrival: true, identity }, context)
  }
  if (parsed.gone) {
    const identity = await identify(store, parsed.gone, findOnGitHub)
    if ('project' in identity)
      await recordGone(store, { project: identity.project, trigger: parsed.gone.trigger }, context.now())
  }
  return { ignored: parsed.ignored }
}

function payloadOf(delivery: Delivery): { json: unknown } | { error: string } {
  try {
    return { json: parsePayload(delivery) }
  } catch {
    return { error: 'The body of this delivery is not valid JSON.' }
  }
}

const STATUS: Record<Refusal['refused'], Answer['status']> = {
  invalid: 400,
  forbidden: 403,
  unknown: 404,
  conflict: 409,
}

function answerTo(result: AdmissionResult): Answer {
  if ('refused' in result) return refuse(STATUS[result.refused], result.reason)
  if ('ignored' in result) return { status: 200, body: result }
  const { project, number, trigger, retryOf } = result.build
  const retry = retryOf === null ? {} : { retryOf }
  return { status: 202, body: { project, number, trigger, url: result.url, ...retry } }
}

const refuse = (status: Answer['status'], error: string): Answer => ({ status, body: { error } })
