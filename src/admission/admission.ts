import * as z from 'zod'
import { type Job, jobSchema, repositoryOf } from '../job/job.ts'
import type { MintCredentials } from './credentials.ts'

/** Temporary, and narrowed to what this one job may read and write. */
const credentialsSchema = z.object({
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
  sessionToken: z.string(),
})

/**
 * What a job is given for its one run. It crosses SNS with the job and is never stored; a build holds nothing
 * beyond it.
 */
export const admissionSchema = z.object({
  /** For git's fetch of a private repository; null for public ones and for forks. */
  cloneToken: z.string().nullable(),
  /** For the bucket; null where no session role is set: then the function's own count. */
  credentials: credentialsSchema.nullable(),
  /** Keys of the objects whose secret variables the command gets, the later over the earlier. */
  secretVariables: z.array(z.string()).max(2),
  /** What a deploy assumes where the account's settings name no role of their own; null for none. */
  deployRole: z.string().nullable().default(null),
  /** The build's page as the command sees it, with its key where the repository is private. */
  buildUrl: z.url(),
})
export type Admission = z.infer<typeof admissionSchema>

/** What of it no log may show. */
export const secretsIn = ({ cloneToken, credentials }: Admission): string[] =>
  [cloneToken, credentials?.secretAccessKey, credentials?.sessionToken].filter(secret => secret != null)

/** What crosses the topic `jobs`. */
export const orderSchema = z.object({ job: jobSchema, admission: admissionSchema })
export type Order = z.infer<typeof orderSchema>

/** Whoever can give a job what it may hold. */
export type Granter = {
  /** A token that may read this repository and do nothing else; null where there is none. */
  cloneToken: (repository: string) => Promise<string | null>
  mintCredentials: MintCredentials
  /** The stack's own role for deploys, null for none. */
  deployRole: string | null
}

/** Gives a job what it may hold. Strangers' code never gets a token, not even a read-only one, nor any secret. */
export async function admissionOf(
  job: Job,
  asked: Pick<Admission, 'secretVariables' | 'buildUrl'> & { deployRoles: readonly string[] },
  granter: Granter,
): Promise<Admission> {
  const isTrusted = job.trust !== 'fork'
  const secretVariables = isTrusted ? asked.secretVariables : []
  const deployRole = job.trust === 'deploy' ? granter.deployRole : null
  const roles = job.trust === 'deploy' ? [...asked.deployRoles, ...(deployRole ? [deployRole] : [])] : []
  const [cloneToken, credentials] = await Promise.all([
    job.isPrivate && isTrusted ? granter.cloneToken(repositoryOf(job.project)) : null,
    granter.mintCredentials(job, { secretVariables, deployRoles: [...new Set(roles)] }),
  ])
  return { cloneToken, credentials, secretVariables, deployRole, buildUrl: asked.buildUrl }
}
