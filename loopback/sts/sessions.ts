import { randomBytes } from 'node:crypto'
import { openDatabase } from '../database.ts'

const SCHEMA = `
CREATE TABLE IF NOT EXISTS sessions (
  accessKeyId TEXT PRIMARY KEY, secretAccessKey TEXT NOT NULL, sessionToken TEXT NOT NULL,
  roleName TEXT NOT NULL, name TEXT NOT NULL, policy TEXT, expiration INTEGER NOT NULL
) STRICT`

/** Temporary credentials of a role; `policy` is the JSON of a session policy, already validated. */
export type Session = {
  accessKeyId: string
  secretAccessKey: string
  sessionToken: string
  roleName: string
  name: string
  policy: string | null
  /** Milliseconds since 1970. */
  expiration: number
}

export type Sessions = ReturnType<typeof openSessions>

/** Sessions persist across restarts, because queued events contain credentials. */
export function openSessions(directory: string, now: () => number) {
  const database = openDatabase(directory, 'sts', SCHEMA)
  const put = database.prepare(
    `INSERT INTO sessions VALUES
    (:accessKeyId, :secretAccessKey, :sessionToken, :roleName, :name, :policy, :expiration)`,
  )
  const one = database.prepare('SELECT * FROM sessions WHERE accessKeyId = ?')
  const drop = database.prepare('DELETE FROM sessions WHERE expiration < ?')
  // Every request of a job looks up its session, more than once.
  const found = new Map<string, Session>()
  return {
    issue: (session: Pick<Session, 'roleName' | 'name' | 'policy' | 'expiration'>): Session => {
      if (drop.run(now() - DAY_MS).changes > 0 || found.size >= MAX_FOUND) found.clear()
      const keys = newKeys()
      put.run({ ...session, ...keys })
      return { ...session, ...keys }
    },
    /** Also finds sessions that expired less than a day ago, so that using them gives the error "expired". */
    find: (accessKeyId: string): Session | undefined => {
      const session = found.get(accessKeyId) ?? (one.get(accessKeyId) as Session | undefined)
      if (session) found.set(accessKeyId, session)
      return session
    },
    close: () => database.close(),
  }
}

const DAY_MS = 24 * 60 * 60 * 1000
const MAX_FOUND = 1000

/** In AWS's format: temporary access keys start with ASIA. */
export const newKeys = () => ({
  accessKeyId: `ASIA${randomBytes(10).toString('hex').toUpperCase().slice(0, 16)}`,
  secretAccessKey: randomBytes(30).toString('base64'),
  sessionToken: randomBytes(160).toString('base64'),
})
