import type { BuildRequest } from '../model/build.ts'
import type { Signer } from '../model/signer.ts'
import { UserError } from '../model/user-error.ts'
import { type Known, updateKnown } from '../records/repository-records.ts'
import type { Store } from '../records/store.ts'
import type { Refusal } from './refusal.ts'

export type OnGitHub = { id: number; name: string; isPrivate: boolean }

/** Asks GitHub which repository has a name, or had it; null if it shows none. `name` is its name now. */
export type FindOnGitHub = (repository: string) => Promise<OnGitHub | null>

export type IdentityContext = { findOnGitHub: FindOnGitHub; signer: Signer; now: () => Date }

/** The name and the id in a payload. */
export type ClaimedName = Pick<BuildRequest, 'repository' | 'repositoryId'>

/** How long a confirmed name is believed while GitHub gives no answer, and how often the confirmation is recorded. */
const BELIEVED_MS = 24 * 60 * 60 * 1000
const RECORDED_MS = 60 * 60 * 1000

/** GitHub also answers to a former name, with the name that the repository has now. Git would follow it, too. */
export const isThat = ({ repository, repositoryId }: ClaimedName, actual: OnGitHub): boolean =>
  actual.id === repositoryId && actual.name.toLowerCase() === repository.toLowerCase()

/**
 * Confirms that a name on record is still the repository's: after a rename, the name may belong to another one without any delivery that
 * says so.
 * @throws UserError if GitHub gives no answer, and has not confirmed the name for a day
 */
export async function confirmName(
  store: Store,
  claimed: ClaimedName,
  known: Known,
  { findOnGitHub, signer, now }: IdentityContext,
): Promise<Refusal | null> {
  const age = known.confirmedAt === undefined ? Infinity : now().getTime() - Date.parse(known.confirmedAt)
  const answer = await findOnGitHub(claimed.repository).then(
    actual => ({ actual }),
    error => {
      if (error instanceof UserError && age < BELIEVED_MS) return null
      throw error
    },
  )
  if (answer === null) return null
  const { actual } = answer
  if (!actual || !isThat(claimed, actual)) return notTheirs(claimed, signer, actual)
  const confirmedAt = now().toISOString()
  if (age > RECORDED_MS)
    await updateKnown(store, actual.id, standing => ({ ...(standing ?? known), confirmedAt }))
  return null
}

/** The refusal of a name that GitHub does not confirm. */
export function notTheirs(
  { repository, repositoryId }: ClaimedName,
  { by }: Signer,
  actual: OnGitHub | null,
): Refusal {
  if (!actual)
    return refuse(
      `GitHub does not show ${repository} to this stack: check its token or App, and send this delivery again.`,
    )
  if (actual.id === repositoryId)
    return refuse(
      `${repository} is ${actual.name} on GitHub now: only deliveries that call it so are built. Push again.`,
    )
  return refuse(
    `${repository} has the id ${actual.id} on GitHub, and this delivery is signed for ${by === 'repository' ? 'the repository with' : 'one with'} the id ${repositoryId}.`,
  )
}

export const refuse = (reason: string): Refusal => ({ refused: 'conflict', reason })
