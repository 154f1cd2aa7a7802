import { mkdir, mkdtemp, readdir, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { UserError } from '../../model/user-error.ts'
import type { LeftArtifact } from '../../records/left-artifacts.ts'
import type { Store } from '../../records/store.ts'
import { unpackArtifact } from '../../results/unpack-artifacts.ts'
import { runConcurrently } from '../../workspace/concurrency.ts'
import { removeTree } from '../../workspace/remove-tree.ts'
import { onInterruption } from '../interruption.ts'
import type { Io } from '../io.ts'

/** Each download runs its own tar and holds two parts in memory. */
const AT_ONCE = 4

/**
 * Unpacks artifacts, each into the directory of its name below `into`. Nothing that exists is changed: such a directory must be missing or
 * empty. All are unpacked and checked before the first one is moved to its place. Returns the directories.
 * @throws UserError if one cannot be placed or used, or at an interruption
 */
export async function downloadArtifacts(
  store: Store,
  artifacts: readonly LeftArtifact[],
  into: string,
  { env }: Pick<Io, 'env'>,
): Promise<ReadonlyMap<LeftArtifact, string>> {
  const places = new Map(artifacts.map(artifact => [artifact, join(into, artifact.name)]))
  if (artifacts.length === 0) return places
  const path = env.PATH ?? ''
  await requireGnuTar(path)
  await mkdir(into, { recursive: true }).catch(error => refuse(into, error))
  for (const place of places.values()) await requireFree(place)
  using interruption = onInterruption('SIGINT', 'SIGTERM')
  const { signal } = interruption
  const at = await mkdtemp(join(into, '.lambci-')).catch(error => refuse(into, error))
  try {
    const unpacked = new Map(artifacts.map((artifact, index) => [artifact, join(at, String(index))]))
    const queue = [...unpacked]
    const work = async (either: AbortSignal) => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const [artifact, root] = next
        either.throwIfAborted()
        await mkdir(root)
        const { prefix, job: from, paths: declared } = artifact
        await unpackArtifact({ store, path }, { artifact, declared, prefix, from }, root, either)
      }
    }
    await runConcurrently(
      signal,
      Array.from({ length: AT_ONCE }, () => work),
    )
    for (const [artifact, place] of places) {
      await mkdir(dirname(place), { recursive: true }).catch(error => refuse(place, error))
      await rename(unpacked.get(artifact) ?? '', place).catch(error => refuse(place, error))
    }
    return places
  } catch (error) {
    if (signal.aborted) throw new UserError('Interrupted. Nothing was downloaded.')
    throw error
  } finally {
    await removeTree(at)
  }
}

/** @throws UserError unless there is nothing at a path, or an empty directory */
async function requireFree(place: string): Promise<void> {
  const names = await readdir(place).catch(error => {
    if (error.code === 'ENOENT') return []
    return refuse(place, error)
  })
  if (names.length > 0) refuse(place, { code: 'ENOTEMPTY' })
}

const REASONS: Readonly<Record<string, string>> = {
  ENOTEMPTY: 'it is not empty',
  EEXIST: 'it is not empty',
  ENOTDIR: 'a file is there',
}

function refuse(place: string, { code = '' }: { code?: string }): never {
  throw new UserError(
    `Cannot write to ${place}: ${REASONS[code] ?? code}. Choose another directory, or remove what is there.`,
  )
}

/** @throws UserError if there is no `tar` on PATH, or only BSD's, which cannot check what it unpacks */
async function requireGnuTar(path: string): Promise<void> {
  const { stdout } = await execa('tar', ['--version'], {
    ...{ env: { PATH: path, LC_ALL: 'C' }, extendEnv: false, reject: false },
  })
  if (String(stdout).includes('GNU tar')) return
  throw new UserError(
    'Unpacking needs GNU tar. On macOS, install it ("brew install gnu-tar") and put its directory on PATH (PATH="$(brew --prefix gnu-tar)/libexec/gnubin:$PATH"). The page of the build has the archives themselves.',
  )
}
