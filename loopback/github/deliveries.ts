import { createHmac, randomUUID } from 'node:crypto'
import type { Hook, Hooks } from './hooks.ts'
import { KeyedQueue } from './keyed-queue.ts'
import { type Collection, type Records, type Row, timestamp } from './records.ts'
import { postWebhook } from './webhook-request.ts'

type Fields = {
  hook: number
  guid: string
  event: string
  action: string | null
  payload: string
  redelivery: boolean
  /** Not sent yet, or sent by a server that was killed before the response arrived. */
  waiting: boolean
  deliveredAt: string | null
  durationMs: number
  status: string
  statusCode: number
  requestHeaders: Record<string, string>
  responseHeaders: Record<string, string>
  responseBody: string
}
export type Delivery = Row<Fields>
type Message = { event: string; payload: object; hook: Hook }

/** A hook's answer. Null if the delivery was not sent. */
export type Sending = Promise<{ url: string; status: number; body: string } | null>

/** GitHub keeps deliveries for three days. */
const RETENTION_MS = 3 * 86_400_000

const sign = (algorithm: string, { secret }: Hook, body: string) =>
  `${algorithm}=${createHmac(algorithm, secret).update(body).digest('hex')}`

/**
 * Sends events to hooks, one at a time per repository. A delivery is stored before it is sent. After `kill -9`, a
 * restarted server sends the remaining ones with the same id.
 */
export class Deliveries {
  readonly #hooks: Hooks
  readonly #rows: Collection<Fields>
  readonly #repositoryQueue = new KeyedQueue()
  readonly #stopped = new AbortController()

  constructor(records: Records, hooks: Hooks) {
    this.#hooks = hooks
    this.#rows = records.collection<Fields>('delivery')
  }

  /**
   * Queues an event for each subscribed hook of the repository. Returns once the deliveries are stored; the promises, once they
   * are sent.
   */
  emit(repository: number, event: string, payload: object): Sending[] {
    return this.#hooks
      .of(repository)
      .filter(({ active, events }) => active && (events.includes(event) || events.includes('*')))
      .map(hook => this.send({ event, payload, hook }))
  }

  /** Queues an event for the App, if its hook has a URL. */
  emitToApp(repository: number, event: string, payload: object): void {
    const hook = this.#hooks.ofApp(repository)
    if (hook) this.send({ event, payload, hook })
  }

  send({ event, payload, hook }: Message): Sending {
    const action = 'action' in payload ? String(payload.action) : null
    const message = { hook: hook.id, guid: randomUUID(), event, action, payload: JSON.stringify(payload) }
    return this.#add(hook.repository, { ...message, redelivery: false })
  }

  /** Sends a delivery again with the same guid, as GitHub does. */
  redeliver(delivery: Delivery): void {
    const { repository, hook, guid, event, action, payload } = delivery
    void this.#add(repository, { hook, guid, event, action, payload, redelivery: true })
  }

  /** Queues deliveries of an earlier run that have a hook now, and removes expired ones. */
  resume(): void {
    for (const { id, repository, hook, waiting, createdAt } of this.#rows.list().reverse()) {
      if (waiting && this.#hooks.get(repository, hook)) void this.#queue(repository, id)
      if (!waiting && Date.parse(createdAt) < Date.now() - RETENTION_MS) this.#rows.remove(id)
    }
  }

  /** The deliveries that have been sent, newest first. */
  list(repository: number, hook: number): Delivery[] {
    return this.#rows.list(repository).filter(delivery => delivery.hook === hook && !delivery.waiting)
  }

  /** Resolves once every queued delivery has been sent. */
  idle(): Promise<void> {
    return this.#repositoryQueue.idle()
  }

  /** Aborts at once. A delivery in progress counts as not sent. */
  async close(): Promise<void> {
    this.#stopped.abort()
    await this.#repositoryQueue.idle()
  }

  #add(
    repository: number,
    message: Pick<Fields, 'hook' | 'guid' | 'event' | 'action' | 'payload' | 'redelivery'>,
  ): Sending {
    const unsent = { waiting: true, deliveredAt: null, durationMs: 0, status: 'waiting', statusCode: 0 }
    const empty = { requestHeaders: {}, responseHeaders: {}, responseBody: '' }
    return this.#queue(repository, this.#rows.insert(repository, { ...message, ...unsent, ...empty }).id)
  }

  #queue(repository: number, id: number): Sending {
    return this.#repositoryQueue.run(repository, () => this.#deliver(id))
  }

  async #deliver(id: number): Sending {
    if (this.#stopped.signal.aborted) return null
    const delivery = this.#rows.get(id)
    const hook = delivery && this.#hooks.get(delivery.repository, delivery.hook)
    // `resume` may have queued it a second time.
    if (!delivery?.waiting || !hook) return null
    const requestHeaders = headersFor(delivery, hook)
    const result = await postWebhook(hook.url, requestHeaders, delivery.payload, this.#stopped.signal)
    if (!result) return null
    this.#rows.change(id, { ...result, requestHeaders, waiting: false, deliveredAt: timestamp() })
    return { url: hook.url, status: result.statusCode, body: result.responseBody }
  }
}

/** https://docs.github.com/webhooks/webhook-events-and-payloads#delivery-headers */
function headersFor({ event, guid, payload, repository }: Delivery, hook: Hook): Record<string, string> {
  return {
    Accept: '*/*',
    'Content-Type': 'application/json',
    'User-Agent': 'GitHub-Hookshot/lambci',
    'X-GitHub-Delivery': guid,
    'X-GitHub-Event': event,
    'X-GitHub-Hook-ID': String(hook.id),
    'X-GitHub-Hook-Installation-Target-ID': String(repository),
    'X-GitHub-Hook-Installation-Target-Type': 'repository',
    ...(hook.secret && {
      'X-Hub-Signature': sign('sha1', hook, payload),
      'X-Hub-Signature-256': sign('sha256', hook, payload),
    }),
  }
}
