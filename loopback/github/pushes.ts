import type { Account } from './account-payload.ts'
import type { Sending } from './deliveries.ts'
import type { Hub } from './hub.ts'
import { synchronizePulls } from './pull-requests.ts'
import { pushPayload, readPush } from './push-payload.ts'
import { timestamp } from './records.ts'
import { chooseDefaultBranch, compareRefs, NO_COMMIT, type RefChange, readRefs } from './ref-changes.ts'
import { networkOf, type Repository } from './repositories.ts'
import { ownerOf } from './repository-payload.ts'

/**
 * Sends a push event for every branch and tag that has changed since its last event: after a push, or after the
 * restart of a server that was killed in between. Call it within `hub.networkQueue`. Returns the events of branches, tags and pull requests.
 */
export async function sendPushEvents(hub: Hub, repository: Repository, sender: Account): Promise<Sending[]> {
  const sent: Sending[] = []
  const { git, repositories, refs } = hub
  const directory = repositories.directoryOf(repository)
  const now = await readRefs(git, directory)
  const rows = new Map(refs.list(repository.id).map(row => [row.ref, row]))
  const known = new Map([...rows.values()].map(({ ref, sha }) => [ref, sha]))
  const changes = compareRefs(known, now)
  const defaultBranch = chooseDefaultBranch(repository.defaultBranch, now)
  if (defaultBranch !== repository.defaultBranch)
    await repositories.setDefaultBranch(repository, defaultBranch)
  if (changes.length > 0) repositories.change(repository, { pushedAt: timestamp() })
  const current = repositories.get(repository.id) ?? repository
  for (const change of changes) {
    const push = await readPush(git, directory, change, known)
    const payload = pushPayload(hub.addresses, current, push, sender)
    hub.records.transaction(() => {
      sent.push(...hub.deliveries.emit(repository.id, 'push', payload))
      recordRef(hub, repository, change, rows.get(change.ref)?.id)
    })
    if (change.after === NO_COMMIT) known.delete(change.ref)
    else known.set(change.ref, change.after)
  }
  return [...sent, ...(await synchronizePulls(hub, current, sender))]
}

/** Records the branches and tags of a new fork without sending events. */
export async function recordForkRefs(hub: Hub, fork: Repository): Promise<void> {
  const now = await readRefs(hub.git, hub.repositories.directoryOf(fork))
  hub.records.transaction(() => {
    for (const [ref, after] of now) recordRef(hub, fork, { ref, before: NO_COMMIT, after })
  })
}

function recordRef({ refs }: Hub, repository: Repository, { ref, after }: RefChange, row?: number): void {
  if (row === undefined) refs.insert(repository.id, { ref, sha: after })
  else if (after === NO_COMMIT) refs.remove(row)
  else refs.change(row, { sha: after })
}

/** Sends the push events that a killed server did not send, for repositories with a hook. */
export async function sendMissedPushEvents(hub: Hub): Promise<void> {
  for (const repository of hub.repositories.all().filter(({ id }) => hub.hooks.of(id).length > 0))
    await hub.networkQueue.run(networkOf(repository), () =>
      sendPushEvents(hub, repository, ownerOf(repository)),
    )
}
