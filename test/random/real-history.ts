import { join } from 'node:path'
import { sendSigned } from '../../src/github/send-signed.ts'
import { listDeployments } from '../../src/records/deployments.ts'
import type { TestSystem } from '../support/test-system.ts'
import { GitWorld, type Hook, type Shown } from './git-world.ts'
import { seeded } from './seeded.ts'
import { violations } from './violations.ts'

type Step = { moves: [branch: string, commit: string | null][]; hooks: Hook[] }

const COMMAND = '[ $((0x$(echo "$LAMBCI_COMMIT$LAMBCI_BRANCH" | sha1sum | cut -c1-2) % 3)) != 0 ]'
const CONFIG = JSON.stringify({
  cmd: COMMAND,
  branches: { '/.*/': true },
  stages: { master: 'dev' },
  deploy: 'true',
})

/** Plays one random history on a running system: real git, webhooks in any order, real builds. Returns what is wrong then. */
export async function playRealHistory(ci: TestSystem, seed: number): Promise<string[]> {
  const random = seeded(seed)
  const steps: Step[] = [{ moves: [], hooks: [] }]
  const current = () => steps.at(-1) as Step
  const world = new GitWorld(
    random,
    hook => current().hooks.push(hook),
    (branch, commit) => current().moves.push([branch, commit]),
  )
  for (let left = 2 + random.below(3); left > 0; left--) {
    steps.push({ moves: [], hooks: [] })
    world.act()
  }
  const github = await openRepositories(
    ci,
    `random/h${seed}`,
    world,
    steps.some(({ moves }) => moves.some(([branch]) => branch.includes(':'))),
  )
  const waiting: Hook[] = []
  for (const { moves, hooks } of steps) {
    for (const [branch, commit] of moves) await github.move(branch, commit)
    waiting.push(...hooks)
    // Some arrive at once, others after those of later steps.
    for (let count = random.below(waiting.length + 1); count > 0; count--)
      await github.deliver(takeNext(waiting, random))
  }
  while (waiting.length > 0) await github.deliver(takeNext(waiting, random))
  const { project, realOf, shown } = github
  for (let number = 1; await ci.view({ project, number }); number++) await ci.ended({ project, number })
  await ci.settled()
  const listed = await listDeployments(ci.system.store, { project, stage: 'dev' }, 100)
  const deploys = listed
    .toSorted((one, other) => one.fence - other.fence)
    .map(({ build, of, commit, status }) => ({
      ...{ number: build, commit, isByHand: build !== of, hasSucceeded: status === 'succeeded' },
    }))
  return violations(
    { store: ci.system.store, project, deploys, repeats: new Set(), wasHeld: false },
    await truth(),
  )

  async function truth() {
    const back = new Map([...world.parents.keys()].map(commit => [realOf(commit), commit]))
    return {
      heads: new Map([...world.heads].map(([branch, commit]) => [branch, realOf(commit)])),
      pulls: world.pulls,
      rewritten: world.rewritten,
      relate: (from: string, to: string) => world.relate(back.get(from) ?? '', back.get(to) ?? ''),
      shown: await shown(),
      // Nothing waits for approval.
      shownPending: new Set<number>(),
    }
  }
}

/** A pull request is not closed before its earlier events, and not opened again before it is closed. */
function takeNext(waiting: Hook[], random: ReturnType<typeof seeded>): Hook {
  const at = random.below(waiting.length)
  const chosen = waiting[at] as Hook
  const earlier =
    'pull' in chosen ? waiting.findIndex(hook => 'pull' in hook && hook.pull === chosen.pull) : at
  return waiting.splice(earlier, 1)[0] as Hook
}

/** Makes all commits of the world, each with the configuration, and returns their ids. */
async function makeCommits(ci: TestSystem, at: string, world: GitWorld): Promise<Map<string, string>> {
  const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}`
  const commits = [...world.parents]
  const markOf = (commit: string) => `:${commits.findIndex(([each]) => each === commit) + 2}`
  const stream = [
    `blob\nmark :1\n${data(CONFIG)}`,
    ...commits.map(([commit, parent]) =>
      [
        `commit refs/history/${commit}`,
        `mark ${markOf(commit)}`,
        `committer Ada Writer <ada@example.com> ${Math.floor(Date.now() / 1000)} +0000`,
        data(commit),
        parent === null ? 'M 100644 :1 .lambci.json' : `from ${markOf(parent)}`,
      ].join('\n'),
    ),
  ]
  const marks = join(at, 'marks')
  await ci.importCommits(at, `${stream.join('\n')}\n`, `--export-marks=${marks}`)
  const made = new Map((await ci.read(marks)).split('\n').map(line => line.split(' ') as [string, string]))
  return new Map(commits.map(([commit]) => [commit, made.get(markOf(commit)) ?? '']))
}

async function openRepositories(ci: TestSystem, name: string, world: GitWorld, hasFork: boolean) {
  const { url, webhookSecret } = ci.system.addresses
  const [owner = '', repo = ''] = name.split('/')
  const at = await ci.write({})
  const real = await makeCommits(ci, at, world)
  const realOf = (commit: string) => real.get(commit) ?? ''
  await ci.upload(at, name)
  const fork = `stranger-${repo}`
  const silent = { name: 'web', active: false, events: ['push'], config: { url, content_type: 'json' } }
  await ci.api('POST', `/repos/${name}/hooks`, silent)
  const repository = await ci.api('GET', `/repos/${name}`)
  const openFork = async () => {
    const forked = await ci.api('POST', `/repos/${name}/forks`, { organization: fork })
    await ci.upload(at, `${fork}/${repo}`)
    return forked
  }
  const forked = hasFork ? await openFork() : null
  const known = new Set<string>()
  /** The commits that were the head of a branch: no others have statuses. */
  const heads = new Set<string>()
  const move = async (branch: string, commit: string | null) => {
    const [, inFork] = branch.split(':')
    const target = inFork === undefined ? name : `${fork}/${repo}`
    await ci.moveBranch(target, inFork ?? branch, commit && realOf(commit), !known.has(branch))
    if (commit === null) known.delete(branch)
    else {
      known.add(branch)
      heads.add(realOf(commit))
    }
  }
  const payloadOf = (hook: Hook) => {
    const named = { ...repository, full_name: `${owner}/${repo}`, default_branch: 'master' }
    // As GitHub's times do, it differs from event to event, and not when one is delivered again.
    const base = { repository: named, event_id: hook.id }
    if (hook.kind === 'push' || hook.kind === 'delete') {
      const isDeleted = hook.kind === 'delete'
      const after = isDeleted ? '0'.repeat(40) : realOf(hook.after)
      const before = !isDeleted && hook.before ? realOf(hook.before) : '0'.repeat(40)
      const isUnbuilt = !isDeleted && world.unbuilt.has(hook.after)
      return {
        ...base,
        ref: `refs/heads/${hook.branch}`,
        before,
        after,
        deleted: isDeleted,
        commits: [],
        ...(isUnbuilt && { head_commit: { id: after, message: 'A change [skip ci]' } }),
      }
    }
    const pull = world.pulls.find(({ number }) => number === hook.pull)
    const branch = pull?.head.split(':').at(-1) ?? ''
    const isClosed = hook.kind === 'close'
    const sha = isClosed ? '0'.repeat(40) : realOf(hook.head)
    const head = { ref: branch, sha, repo: pull?.isFork ? forked : repository }
    const details = {
      title: 'A change',
      state: isClosed ? 'closed' : 'open',
      user: { login: 'stranger' },
      author_association: 'CONTRIBUTOR',
      head,
      base: { ref: 'master', sha: realOf([...world.parents.keys()][0] ?? ''), repo: repository },
    }
    return { ...base, action: isClosed ? 'closed' : 'synchronize', number: hook.pull, pull_request: details }
  }
  return {
    project: `gh/${name}`,
    realOf,
    move,
    deliver: async (hook: Hook) => {
      const event = hook.kind === 'push' || hook.kind === 'delete' ? 'push' : 'pull_request'
      const body = JSON.stringify(payloadOf(hook))
      const { status, answer } = await sendSigned(url, webhookSecret, {
        event,
        body,
        id: crypto.randomUUID(),
      })
      if (status !== 202 && status !== 200) throw new Error(`${event}: ${status} ${JSON.stringify(answer)}`)
    },
    /** The last status of each commit and context. */
    shown: async () => {
      const all = await Promise.all(
        [...heads].map(async commit => {
          const { statuses } = await ci.api('GET', `/repos/${name}/commits/${commit}/status`)
          return statuses.map((status: Shown & { context: string }): [string, Shown] => [
            `${commit} ${status.context}`,
            status,
          ])
        }),
      )
      return new Map<string, Shown>(all.flat())
    },
  }
}
