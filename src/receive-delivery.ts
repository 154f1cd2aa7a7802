import type { RunnerSecrets } from './account/secrets.ts'
import { readAccount } from './account/settings.ts'
import { admissionOf } from './admission/admission.ts'
import { DeliveryClaim } from './admission/claim.ts'
import { raiseCounter } from './admission/counter.ts'
import { takeNumber } from './admission/number.ts'
import type { Switch } from './admission/switch.ts'
import type { PublishOrder } from './admission/topic.ts'
import { latestEndAfter, switchTimeOf } from './admission/window.ts'
import { buildUrl } from './build/links.ts'
import { readRecords } from './build/records.ts'
import { hasEnded } from './build/result.ts'
import type { Store } from './build/store.ts'
import { viewOf } from './build/view.ts'
import { type Request, repositoryOf } from './job/job.ts'
import { requestFromEvent } from './job/request-from-event.ts'
import { trustOf } from './job/trust.ts'
import { type Delivery, parsePayload } from './webhook/delivery.ts'
import { type Event, knowsEvent, parseEvent } from './webhook/event.ts'
import { verifySignature } from './webhook/signature.ts'

/** What receiving needs from its host. */
export type Receiver = {
  store: Store
  secrets: () => Promise<RunnerSecrets>
  publish: PublishOrder
  deadMansSwitch: Switch
  /** Where this request reached us; links to the build begin with it. */
  baseUrl: string
  now: () => Date
}

/** The answer to GitHub: shown in the repository's list of deliveries, so it reads as prose. */
export type Answer = { status: 200 | 202 | 400 | 401 | 403; body: Record<string, unknown> }

const refuse = (status: Answer['status'], error: string): Answer => ({ status, body: { error } })
const ignore = (reason: string): Answer => ({ status: 200, body: { ignored: reason } })

/**
 * Story one. A delivery is verified, read, and turned into a numbered job that is published to the build functions.
 * Nothing is recorded before the delivery is believed, allowed, and asks for a build.
 */
export async function receiveDelivery(delivery: Delivery, receiver: Receiver): Promise<Answer> {
  const { webhookSecrets } = await receiver.secrets()
  if (!(await verifySignature(delivery, webhookSecrets))) {
    return refuse(
      401,
      'The signature does not match: the secret in the webhook settings is not the one of this stack.',
    )
  }
  if (!knowsEvent(delivery.event)) {
    return refuse(
      200,
      `The event "${delivery.event}" starts no build: only push, pull_request and merge_group do.`,
    )
  }
  const event = eventOf(delivery, delivery.event)
  if ('error' in event) return refuse(400, event.error)
  if (event.name === 'ping') return { status: 200, body: { pong: 'The webhook works.' } }

  const asked = requestFromEvent(event)
  if ('error' in asked) return refuse(400, asked.error)
  if (!('request' in asked)) return ignore(asked.ignored)
  return admit(delivery.id, asked, receiver)
}

function eventOf(delivery: Delivery, name: Event['name']): Event | { error: string } {
  try {
    return parseEvent(name, parsePayload(delivery))
  } catch {
    return { error: 'The body of this delivery is not valid JSON.' }
  }
}

/** Every step leaves a trace that the next attempt finds: a delivery sent again goes on where the last one stopped. */
async function admit(
  deliveryId: string,
  { request, ignored }: { request: Request; ignored?: string },
  receiver: Receiver,
): Promise<Answer> {
  const { store, publish, deadMansSwitch, now } = receiver
  const { project } = request
  const account = await readAccount(store, project)
  if (!account.allows) {
    return refuse(
      403,
      `${repositoryOf(project)} is not among the repositories that this stack builds: add it to "allow" in config/global.json.`,
    )
  }
  if (ignored && account.heedsSkipWords) return ignore(ignored)
  const claim = await DeliveryClaim.open(store, deliveryId, project, number =>
    isOver(store, { project, number }, now()),
  )
  const job = await takeNumber(store, claim, number => ({
    ...request,
    number,
    trust: trustOf(request, account.mayDeploy),
    settings: account.settings,
    nonce: claim.build.nonce,
    delivery: deliveryId,
    baseUrl: receiver.baseUrl,
    queuedAt: now().toISOString(),
    latestEnd: latestEndAfter(now()).toISOString(),
  }))
  const { linkKey, cloneToken } = await receiver.secrets()
  const url = buildUrl(job, linkKey)
  if (!claim.build.published) {
    await Promise.all([
      raiseCounter(store, project, job.number),
      deadMansSwitch.set(job, switchTimeOf(job.latestEnd)),
    ])
    await publish({ job, admission: admissionOf(job, cloneToken, url) })
    await claim.markPublished()
  }
  return { status: 202, body: { project, number: job.number, trigger: job.trigger, url } }
}

/** A build that has ended, or can no longer end by itself, is not gone on with: its delivery asks for a new one. */
async function isOver(store: Store, build: { project: string; number: number }, now: Date): Promise<boolean> {
  const records = await readRecords(store, build)
  if (!records) return false
  const latestEnd = records.report?.latestEnd ?? records.job.latestEnd
  return hasEnded(viewOf(records).status) || new Date(latestEnd) < now
}
