import { repositorySecret } from '../../src/github/hook-secrets.ts'
import type { LocalApp } from './app.ts'
import { APP_HOOK, type Collection, type Records, type Row, SERVER_HOOK, timestamp } from './records.ts'

/** The URL of the pages of builds, the key for links to private ones, and how long a push waits for its builds (default: 2 s). */
export type Pages = { url: string; linkKey: string; timeoutMs?: number }

/**
 * The server's hook. With `isDerived`, each repository signs with its own secret, derived from this one. With `pages`, a push over HTTP is
 * answered with links to the builds that it has started.
 */
export type Webhook = { url: string; secret: string; isDerived?: boolean; pages?: Pages }
type Fields = { url: string; secret: string; events: string[]; active: boolean }
export type Hook = Row<Fields>

/** Events go to a repository's own hooks or, if it has none, to the server's hook. */
export class Hooks {
  readonly #rows: Collection<Fields>
  readonly #startedAt = timestamp()
  readonly #app: Pick<LocalApp, 'webhook'> | null
  #webhook: Webhook | null

  constructor(records: Records, webhook: Webhook | null, app: Pick<LocalApp, 'webhook'> | null) {
    this.#app = app
    this.#rows = records.collection<Fields>('hook')
    this.#webhook = webhook
  }

  get webhook(): Webhook | null {
    return this.#webhook
  }

  set webhook(webhook: Webhook | null) {
    this.#webhook = webhook
  }

  of(repository: number): Hook[] {
    const own = this.#rows.list(repository).reverse()
    const server = this.get(repository, SERVER_HOOK)
    return own.length > 0 || !server ? own : [server]
  }

  /** The App's hook; null while it has no URL. It gets the events of the App's check runs. */
  ofApp(repository: number): Hook | null {
    if (!this.#app?.webhook.url) return null
    const { url, secret } = this.#app.webhook
    const events = ['check_run', 'check_suite']
    return { url, secret, events, active: true, id: APP_HOOK, repository, createdAt: this.#startedAt }
  }

  get(repository: number, id: number): Hook | null {
    if (id === APP_HOOK) return this.ofApp(repository)
    if (id !== SERVER_HOOK) {
      const hook = this.#rows.get(id)
      return hook?.repository === repository ? hook : null
    }
    if (!this.#webhook) return null
    const { url, secret: common, isDerived = false } = this.#webhook
    const secret = isDerived ? repositorySecret(common, repository) : common
    const events = ['push', 'pull_request']
    return { url, secret, events, active: true, id, repository, createdAt: this.#startedAt }
  }

  add(repository: number, fields: Fields): Hook {
    return this.#rows.insert(repository, fields)
  }

  change(id: number, fields: Partial<Fields>): void {
    this.#rows.change(id, fields)
  }

  remove(id: number): void {
    this.#rows.remove(id)
  }
}
