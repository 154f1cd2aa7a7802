import { describeUnread, leftOutKeys, listAccountKeys, unreadKeys } from '../../account/unread-objects.ts'
import { projectNamed } from '../../model/names.ts'
import type { Store } from '../../records/store.ts'
import { type Io, printNote } from '../io.ts'

/** The repository that a command is about, and the project of its records; both are null for all repositories. */
type Target = { repository: string | null; project: string | null }

/** Notes on standard error which settings and secrets in the bucket are never read, for a repository or for all. */
export async function noteUnread(store: Store, { repository, project }: Target, io: Io): Promise<void> {
  try {
    const keys = await listAccountKeys(store)
    const unread =
      repository === null || project === null
        ? unreadKeys(keys)
        : await leftOutKeys(store, keys, { project, named: projectNamed(repository) })
    if (unread.length > 0) printNote(io, `Note: ${describeUnread(unread, project)}`)
  } catch (error) {
    if ((error as Error).name !== 'AccessDenied') throw error
    printNote(
      io,
      'Note: your AWS credentials may not list the bucket, so settings that nobody reads were not looked for.',
    )
  }
}
