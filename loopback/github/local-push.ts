import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Hub } from './hub.ts'
import { sendPushEvents } from './pushes.ts'
import { networkOf } from './repositories.ts'
import { ownerOf } from './repository-payload.ts'

/**
 * `from` is the directory of a repository on this machine, which must not be removed: its objects are not copied. Without `move`, no branch
 * is moved.
 */
export type LocalPush = { repository: string; from: string; move?: { branch: string; commit: string } }

/**
 * A forced push without git's protocol, which takes a dozen processes. It creates the repository, moves the branch and sends events like a
 * push over HTTP.
 */
export async function receiveLocalPush(hub: Hub, { repository: name, from, move }: LocalPush): Promise<void> {
  const { git, repositories, networkQueue } = hub
  const [owner = '', repo = ''] = name.split('/')
  const known = repositories.findRenamed(owner, repo) ?? repositories.find(owner, repo)
  const { id } = known ?? (await repositories.create({ owner, name: repo }))
  const repository = repositories.get(id)
  if (!repository) return
  await networkQueue.run(networkOf(repository), async () => {
    const directory = repositories.directoryOf(repository)
    await borrowObjects(directory, join(from, '.git', 'objects'))
    if (!move) return
    await git.text(directory, ['update-ref', `refs/heads/${move.branch}`, move.commit])
    const current = repositories.get(id)
    if (current) await sendPushEvents(hub, current, ownerOf(current))
  })
}

/** https://git-scm.com/docs/gitrepository-layout#Documentation/gitrepository-layout.txt-objectsinfoalternates */
async function borrowObjects(directory: string, objects: string): Promise<void> {
  const alternates = join(directory, 'objects', 'info', 'alternates')
  const known = await readFile(alternates, 'utf8').catch(() => '')
  if (!known.split('\n').includes(objects)) await appendFile(alternates, `${objects}\n`)
}
