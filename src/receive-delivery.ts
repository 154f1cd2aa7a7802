import { findSecretVariables, type RunnerSecrets } from './account/secrets.ts'
import { deployRolesOf, readAccount } from './account/settings.ts'
import { type Admission, admissionOf, type Granter } from './admission/admission.ts'
import { DeliveryClaim } from './admission/claim.ts'
import { noteArrival, raiseCounter } from './admission/counter.ts'
import { takeNumber } from './admission/number.ts'
import { askOvertakenToEnd } from './admission/supersede.ts'
import type { Switch } from './admission/switch.ts'
import type { PublishOrder } from './admission/topic.ts'
import { latestEndAfter, switchTimeOf } from './admission/window.ts'
import type { BuildRef } from './build/layout.ts'
import { buildUrl } from './build/links.ts'
import { readRecords } from './build/records.ts'
import { hasEnded } from './build/result.ts'
import type { Store } from './build/store.ts'
import { type Records, viewOf } from './build/view.ts'
import { type Job, projectSchema, type Request, repositoryOf, requestSchema } from './job/job.ts'
import { requestFromEvent } from './job/request-from-event.ts'
import { trustOf } from './job/trust.ts'
import { type Delivery, parsePayload } from './webhook/delivery.ts'
import { DEPLOY_EVENT, parseDeploy } from './webhook/deploy.ts'
import { knowsEvent, parseEvent } from './webhook/event.ts'
import { parseRebuild, REBUILD_EVENT } from './webhook/rebuild.ts'
import { verifySignature } from './webhook/signature.ts'

/** What receiving needs from its host. */
export type Receiver = {
  store: Store
  secrets: () => Promise<RunnerSecrets>
  publish: PublishOrder
  deadMansSwitch: Switch
  granter: Granter
  /** Where this request reached us; links to the build begin with it. */
  baseUrl: string
  now: () => Date
}

/** The answer to GitHub: shown in the repository's list of deliveries, so it reads as prose. */
export type Answer = { status: 200 | 202 | 400 | 401 | 403 | 404 | 409; body: Record<string, unknown> }

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
  if (delivery.event === REBUILD_EVENT) return rebuild(delivery, receiver)
  if (delivery.event === DEPLOY_EVENT) return deploy(delivery, receiver)
  if (!knowsEvent(delivery.event)) {
    return refuse(
      200,
      `The event "${delivery.event}" starts no build: only push, pull_request and merge_group do.`,
    )
  }
  const payload = payloadOf(delivery)
  const event = 'error' in payload ? payload : parseEvent(delivery.event, payload.json)
  if ('error' in event) return refuse(400, event.error)
  if (event.name === 'ping') return { status: 200, body: { pong: 'The webhook works.' } }

  const asked = requestFromEvent(event)
  if ('error' in asked) return refuse(400, asked.error)
  if (!('request' in asked)) return ignore(asked.ignored)
  return admit(delivery.id, asked, receiver)
}

function payloadOf(delivery: Delivery): { json: unknown } | { error: string } {
  try {
    return { json: parsePayload(delivery) }
  } catch {
    return { error: 'The body of this delivery is not valid JSON.' }
  }
}

/** Builds the same commit once more, under a new number, with the account's settings of today. */
async function rebuild(delivery: Delivery, receiver: Receiver): Promise<Answer> {
  const asked = await readWish(delivery, parseRebuild, receiver)
  if ('status' in asked) return asked
  const { status, project, number } = viewOf(asked.records)
  if (!isDone(asked.records, receiver.now())) {
    return refuse(409, `Build #${number} of ${repositoryOf(project)} has not ended yet: it is ${status}.`)
  }
  const request = requestSchema.parse(asked.records.job)
  // Asked for anew, it is the newest.
  const target = request.target && { ...request.target, order: null, waited: null }
  // A push that changed nothing that matters is built now: somebody wants it to be.
  const baseCommit = request.event === 'push' ? null : request.baseCommit
  return admit(delivery.id, { request: { ...request, target, baseCommit }, isNew: false }, receiver)
}

/** Deploys the commit of a build to a stage: a job like any other, without its tests. */
async function deploy(delivery: Delivery, receiver: Receiver): Promise<Answer> {
  const asked = await readWish(delivery, parseDeploy, receiver)
  if ('status' in asked) return asked
  const { number, stage, order, waited } = asked.wish
  const job = requestSchema.parse(asked.records.job)
  if (job.event !== 'push' && job.event !== 'deploy')
    return refuse(403, `Build #${number} is of a ${job.event}, and only pushes deploy.`)
  if (!(await readAccount(receiver.store, job.project)).mayDeploy(job.branch))
    return refuse(403, `The branch ${job.branch} is not among the account's "deployBranches".`)
  const target = { stage, of: job.target?.of ?? number, order, waited }
  const request = requestSchema.safeParse({ ...job, event: 'deploy', trigger: `deploy/${stage}`, target })
  if (!request.success) return refuse(400, `"${stage}" is no stage.`)
  return admit(delivery.id, { request: request.data, isNew: false }, receiver)
}

/** What an event of our own asks for, and the build that it is about. */
async function readWish<W extends BuildRef>(
  delivery: Delivery,
  parse: (payload: unknown) => W | { error: string },
  { store }: Receiver,
): Promise<{ wish: W; records: Records } | Answer> {
  const payload = payloadOf(delivery)
  const wish = 'error' in payload ? payload : parse(payload.json)
  if ('error' in wish) return refuse(400, wish.error)
  const isProject = projectSchema.safeParse(wish.project).success
  const records = isProject ? await readRecords(store, wish) : null
  return records ? { wish, records } : refuse(404, `There is no build #${wish.number} of ${wish.project}.`)
}

/** Every step leaves a trace that the next attempt finds: a delivery sent again goes on where the last one stopped. */
async function admit(
  deliveryId: string,
  { request, ignored, isNew = true }: { request: Request; ignored?: string; isNew?: boolean },
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
  const claim = await DeliveryClaim.open(store, deliveryId, project, async number => {
    const records = await readRecords(store, { project, number })
    return records !== null && isDone(records, now())
  })
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
  const url = buildUrl(job, (await receiver.secrets()).linkKey)
  if (!claim.build.published) {
    // Who asks for something by hand overtakes nobody, and is not overtaken.
    const isArrival = isNew && claim.isFirst
    const [admission, arrivals] = await Promise.all([
      grant(job, url, receiver),
      isArrival ? noteArrival(store, job) : raiseCounter(store, project, job.number),
      deadMansSwitch.set(job, switchTimeOf(job.latestEnd)),
    ])
    await publish({ job, admission })
    await Promise.all([
      claim.markPublished(),
      arrivals && askOvertakenToEnd(store, job, arrivals, now()).catch(console.error),
    ])
  }
  return { status: 202, body: { project, number: job.number, trigger: job.trigger, url } }
}

async function grant(job: Job, buildUrl: string, { store, granter }: Receiver): Promise<Admission> {
  const secretVariables = await findSecretVariables(store, job)
  return admissionOf(job, { secretVariables, deployRoles: deployRolesOf(job), buildUrl }, granter)
}

/** A build that has ended, or can no longer end by itself, is not gone on with: who asks for it asks for a new one. */
const isDone = (records: Records, now: Date) =>
  hasEnded(viewOf(records).status) || new Date(records.report?.latestEnd ?? records.job.latestEnd) < now
