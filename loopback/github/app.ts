import { createPublicKey, randomBytes, verify } from 'node:crypto'
import * as z from 'zod'

/** A GitHub App that is installed on every repository here. */
export type AppOptions = {
  id: number
  slug: string
  owner: string
  /** PEM; the App itself signs with the private half. */
  publicKey: string
  permissions: Record<string, 'read' | 'write'>
}

/** What an installation token opens. */
export type Grant = {
  /** Names in small letters; null for all. */
  repositories: readonly string[] | null
  permissions: Record<string, string>
  expiresAt: Date
}

export type LocalApp = AppOptions & {
  webhook: { url: string; secret: string }
  /** Whether this is a JSON Web Token of the App, good now. */
  verifies(token: string): boolean
  issue(grant: Omit<Grant, 'expiresAt'>): { token: string; grant: Grant }
  /** Null for a token that was not issued here, or has expired. */
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
    verifies: token => {
      const [header = '', payload = '', signature = ''] = token.split('.')
      const claims = claimsSchema.safeParse(readPart(payload)).data
      if (!headerSchema.safeParse(readPart(header)).success || claims?.iss !== options.id) return false
      const now = Date.now() / 1000
      // GitHub allows a minute of difference between the clocks, and ten minutes of life.
      if (claims.iat > now + 60 || claims.exp < now || claims.exp > now + 660) return false
      return verify('sha256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'))
    },
    issue: wanted => {
      // As long as GitHub's are since 2026, with dots and dashes.
      const token = `ghs_${options.id}.${randomBytes(380).toString('base64url')}`
      const grant = { ...wanted, expiresAt: new Date(Date.now() + HOUR_MS) }
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
