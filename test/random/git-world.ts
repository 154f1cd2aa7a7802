import { createHash } from 'node:crypto'
import type { Checks } from '../../src/github/checks.ts'
import type { CommitState, CommitStatus } from '../../src/github/client.ts'
import type { Compare, Relation } from '../../src/model/newer.ts'
import type { Random } from './seeded.ts'
import { ShownChecks } from './shown-checks.ts'

export type Pull = { number: number; head: string; isFork: boolean; isOpen: boolean }
/** What a webhook says. */
export type Hook = { id: string } & (
  | { kind: 'push'; branch: string; before: string | null; after: string }
  | { kind: 'delete'; branch: string }
  | { kind: 'pull'; pull: number; isFork: boolean; headName: string; head: string }
  | { kind: 'close'; pull: number }
)
export type Shown = { state: CommitState; description: string }

/** Branches of the repository itself; `stranger:topic` is one of a fork. */
const BRANCHES = ['master', 'topic', 'side']
const FORK = 'stranger:topic'
/** A branch to which much more is pushed than to the others. */
const BUSY = 'busy'
const PUSHES = 31

/** GitHub as a small model: commits, branches, pull requests, the statuses that it shows, and the webhooks that it sends. */
export class GitWorld {
  readonly heads = new Map<string, string>()
  readonly pulls: Pull[] = []
  /** The last status by `commit context`. */
  readonly shown = new Map<string, Shown>()
  /** The numbers of builds that GitHub has shown as pending. */
  readonly shownPending = new Set<number>()
  readonly checks = new ShownChecks(this.shown)
  /** Whether a branch was ever set back or replaced. */
  readonly rewritten = new Set<string>()
  /** Commits whose message says that pushes of them are not to be built. */
  readonly unbuilt = new Set<string>()
  /** The parent of each commit, in the order in which they were made. */
  readonly parents = new Map<string, string | null>()
  readonly #random: Random
  readonly #send: (hook: Hook) => void
  readonly #onMove: (branch: string, commit: string | null) => void
  #hooks = 0
  /** How many requests in a row GitHub still refuses. */
  refusals = 0
  /** Whether GitHub answers nothing at all, for longer than report has patience at once. */
  isSilent: () => boolean = () => false
  /** Whether GitHub has seen every commit. Before, it may answer 404. */
  hasSeenCommits: () => boolean = () => false

  /** @param onMove is called before the webhook of a move or deletion, and for branches of forks, which send none */
  constructor(
    random: Random,
    send: (hook: Hook) => void,
    onMove: (branch: string, commit: string | null) => void = () => {},
  ) {
    this.#random = random
    this.#send = send
    this.#onMove = onMove
    this.#move('master', this.#commit(null))
  }

  /** Does something at random that a person could do. */
  act(): void {
    const roll = this.#random.below(100)
    const branch = this.#random.pick(BRANCHES)
    if (roll < 45) this.#push(branch)
    else if (roll < 58) this.#setBack(branch)
    else if (roll < 68) this.#moveTo(branch)
    else if (roll < 73) this.#delete(branch)
    else if (roll < 85) this.#open()
    else if (roll < 92) this.#pushFork()
    else this.#toggle()
  }

  /** Pushes many times in a row to a branch of its own. */
  crowd(): void {
    for (let left = PUSHES; left > 0; left--)
      this.#move(BUSY, this.#commit(this.heads.get(BUSY) ?? this.heads.get('master') ?? null))
  }

  compare: Compare = async (_, base, head) => {
    this.#refuse([401, 500, 502])
    const [from, to] = [this.#resolve(base), this.#resolve(head)]
    return from && to ? this.relate(from, to) : null
  }

  setStatus = async ({ commit, context, state, description, targetUrl }: CommitStatus): Promise<void> => {
    this.#refuse(this.hasSeenCommits() ? [401, 500, 502] : [401, 404, 500, 502])
    this.checks.onStatus(`${commit} ${context}`)
    this.shown.set(`${commit} ${context}`, { state, description })
    if (state === 'pending') this.shownPending.add(numberIn(targetUrl))
  }

  putCheck: Checks['put'] = async (...given) => {
    this.#refuse(this.hasSeenCommits() ? [401, 500, 502] : [401, 404, 500, 502])
    const id = await this.checks.put(...given)
    const [{ conclusion, detailsUrl }] = given
    const isPending = conclusion === null || conclusion === 'action_required'
    if (id !== null && isPending) this.shownPending.add(numberIn(detailsUrl))
    return id
  }

  relate(from: string, to: string): Relation {
    if (from === to) return 'identical'
    if (this.#ancestors(to).includes(from)) return 'ahead'
    return this.#ancestors(from).includes(to) ? 'behind' : 'diverged'
  }

  /** Refuses like GitHub: sometimes, and never for ever. */
  #refuse(statuses: readonly number[]): void {
    if (this.isSilent()) throw Object.assign(new Error('silent'), { status: 503 })
    if (this.refusals === 0) return
    this.refusals--
    throw Object.assign(new Error('refused'), { status: this.#random.pick(statuses) })
  }

  #resolve = (name: string) => (this.parents.has(name) ? name : this.heads.get(name))

  #ancestors(commit: string): string[] {
    const found: string[] = []
    for (let at = this.parents.get(commit); at; at = this.parents.get(at)) found.push(at)
    return found
  }

  #commit(parent: string | null): string {
    const commit = createHash('sha1').update(`${this.parents.size} ${parent}`).digest('hex')
    this.parents.set(commit, parent)
    if (parent && this.#random.chance(0.25)) this.unbuilt.add(commit)
    return commit
  }

  #push(branch: string): void {
    const head = this.heads.get(branch) ?? this.heads.get('master') ?? null
    this.#move(branch, this.#random.chance(0.3) && head ? head : this.#commit(head))
  }

  #setBack(branch: string): void {
    const head = this.heads.get(branch)
    const ancestors = head ? this.#ancestors(head) : []
    if (ancestors.length > 0) this.#move(branch, this.#random.pick(ancestors))
  }

  /** A branch at the commit of another one, as after a merge. */
  #moveTo(branch: string): void {
    const [, commit] = this.#random.pick([...this.heads])
    this.#move(branch, commit)
  }

  #move(branch: string, after: string): void {
    const before = this.heads.get(branch) ?? null
    if (before === after) return
    if (before && this.relate(before, after) !== 'ahead') this.rewritten.add(branch)
    this.heads.set(branch, after)
    this.#onMove(branch, after)
    if (!branch.includes(':')) this.#emit({ kind: 'push', branch, before, after })
    for (const pull of this.pulls) if (pull.isOpen && pull.head === branch) this.#emitPull(pull)
  }

  #delete(branch: string): void {
    if (branch === 'master' || !this.heads.has(branch)) return
    for (const pull of this.pulls) if (pull.isOpen && pull.head === branch) this.#close(pull)
    this.heads.delete(branch)
    this.#onMove(branch, null)
    this.rewritten.add(branch)
    this.#emit({ kind: 'delete', branch })
  }

  #open(): void {
    if (this.pulls.length >= 3) return
    const head = this.#random.pick([...this.heads.keys()].filter(name => name !== 'master').concat(FORK))
    if (!this.heads.has(head)) {
      if (head !== FORK) return
      this.#pushFork()
    }
    const pull = { number: this.pulls.length + 1, head, isFork: head === FORK, isOpen: true }
    this.pulls.push(pull)
    this.#emitPull(pull)
  }

  #pushFork(): void {
    const [, commit] = this.#random.pick([...this.heads])
    // A stranger may take the very commit of a branch of the repository itself.
    this.#move(FORK, this.#random.chance(0.5) ? commit : this.#commit(commit))
  }

  #toggle(): void {
    if (this.pulls.length === 0) return
    const pull = this.#random.pick(this.pulls)
    if (pull.isOpen) this.#close(pull)
    else if (this.heads.has(pull.head)) {
      pull.isOpen = true
      this.#emitPull(pull)
    }
  }

  #close(pull: Pull): void {
    pull.isOpen = false
    this.#emit({ kind: 'close', pull: pull.number })
  }

  #emitPull({ number, head, isFork }: Pull): void {
    const commit = this.heads.get(head)
    if (commit) this.#emit({ kind: 'pull', pull: number, isFork, headName: head, head: commit })
  }

  #emit(hook: Hook extends infer H ? (H extends Hook ? Omit<H, 'id'> : never) : never): void {
    this.#hooks += 1
    this.#send({ ...hook, id: `00000000-0000-4000-8000-${String(this.#hooks).padStart(12, '0')}` } as Hook)
  }
}

/** The number of a build, by the address of its page. */
const numberIn = (url: string) => Number(/\/builds\/(\d+)/.exec(url)?.[1])
