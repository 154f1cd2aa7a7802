import { createPublicKey, randomBytes, verify } from 'node:crypto'
import * as z from 'zod'

/** A GitHub App that is installed on every repository of this server. */
export type AppOptions = {
  id: number
  slug: string
  owner: string
  /** PEM. The App signs its tokens with the matching private key. */
  publicKey: string
  permissions: Record<string, 'read' | 'write'>
}

/** The access of an installation token. */
export type Grant = {
  /** Full names in lower case. Null means all repositories. */
  repositories: readonly string[] | null
  permissions: Record<string, string>
  expiresAt: Date
}

export type LocalApp = AppOptions & {
  webhook: { url: string; secret: string }
  /** Whether this is a currently valid JSON Web Token of the App. */
  isValidJwt(token: string): boolean
  issue(grant: Omit<Grant, 'expiresAt'>): { token: string; grant: Grant }
  /** Null for a token that is unknown or expired. */
  grantOf(token: string): Grant | null
}

const HOUR_MS = 3_600_000
const claimsSchema = z.object({
  iat: z.number(),
  exp: z.number(),
  iss: z.union([z.string(), z.number()]).transform(Number),
})
const headerSchema = z.object({ alg: z.literal('RS256') })

/** https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app */
export function openLocalApp(options: AppOptions): LocalApp {
  const key = createPublicKey(options.publicKey)
  const issued = new Map<string, Grant>()
  return {
    ...options,
    webhook: { url: '', secret: '' },
    isValidJwt: token => {
      const [header = '', payload = '', signature = ''] = token.split('.')
      const claims = claimsSchema.safeParse(readPart(payload)).data
      if (!headerSchema.safeParse(readPart(header)).success || claims?.iss !== options.id) return false
      const now = Date.now() / 1000
      // GitHub allows a minute of clock skew and a lifetime of ten minutes.
      if (claims.iat > now + 60 || claims.exp < now || claims.exp > now + 660) return false
      return verify('sha256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'))
    },
    issue: request => {
      // Since 2026 GitHub's tokens are this long and contain dots and dashes.
      const token = `ghs_${options.id}.${randomBytes(380).toString('base64url')}`
      const grant = { ...request, expiresAt: new Date(Date.now() + HOUR_MS) }
      issued.set(token, grant)
      return { token, grant }
    },
    grantOf: token => {
      const grant = issued.get(token)
      return grant && grant.expiresAt > new Date() ? grant : null
    },
  }
}

function readPart(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString())
  } catch {
    return null
  }
}
