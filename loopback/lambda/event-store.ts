import { openDatabase } from '../database.ts'
import type { QueuedEvent } from './async-policy.ts'
import type { FunctionError } from './invocation-result.ts'

const SCHEMA = `CREATE TABLE IF NOT EXISTS events (
  requestId TEXT PRIMARY KEY, functionName TEXT NOT NULL, payload TEXT NOT NULL,
  acceptedAt INTEGER NOT NULL, dueAt INTEGER NOT NULL,
  invocations INTEGER NOT NULL, failures INTEGER NOT NULL, lastError TEXT, tenantId TEXT
) STRICT; CREATE INDEX IF NOT EXISTS byFunction ON events (functionName, acceptedAt)`

export type NewEvent = Pick<QueuedEvent, 'requestId' | 'functionName' | 'payload' | 'tenantId' | 'acceptedAt'>
export type WaitingEvent = Pick<QueuedEvent, 'requestId' | 'acceptedAt' | 'dueAt'>
export type EventStore = ReturnType<typeof openEventStore>

/** The asynchronous queue on disk. An event stays in it until it has succeeded or been discarded. */
export function openEventStore(directory: string) {
  const database = openDatabase(directory, 'lambda', SCHEMA)
  // Databases from earlier versions have no tenants.
  const columns = database.prepare('PRAGMA table_info(events)').all()
  if (!columns.some(({ name }) => name === 'tenantId')) database.exec('ALTER TABLE events ADD tenantId TEXT')
  const insert = database.prepare(
    'INSERT INTO events VALUES (:requestId, :functionName, :payload, :acceptedAt, :acceptedAt, 0, 0, NULL, :tenantId)',
  )
  const waiting = database.prepare(
    'SELECT requestId, acceptedAt, dueAt FROM events WHERE functionName = ? ORDER BY acceptedAt, rowid',
  )
  const begin = database.prepare('UPDATE events SET invocations = invocations + 1 WHERE requestId = ?')
  const retry = database.prepare(
    'UPDATE events SET failures = failures + 1, lastError = :error, dueAt = :dueAt WHERE requestId = :requestId',
  )
  const read = database.prepare('SELECT * FROM events WHERE requestId = ?')
  const remove = database.prepare('DELETE FROM events WHERE requestId = ?')
  return {
    insert: (event: NewEvent) => void insert.run(event),
    waiting: (functionName: string) => waiting.all(functionName) as WaitingEvent[],
    begin: (requestId: string) => void begin.run(requestId),
    read(requestId: string): QueuedEvent {
      const row = read.get(requestId) as Omit<QueuedEvent, 'lastError'> & { lastError: string | null }
      return { ...row, lastError: row.lastError === null ? null : JSON.parse(row.lastError) }
    },
    retry: (requestId: string, error: FunctionError, dueAt: number) =>
      void retry.run({ requestId, error: JSON.stringify(error), dueAt }),
    remove: (requestId: string) => void remove.run(requestId),
    /** Replaces an event by its failure record in one transaction. */
    replace(requestId: string, event: NewEvent) {
      database.exec('BEGIN')
      remove.run(requestId)
      insert.run(event)
      database.exec('COMMIT')
    },
    close: () => database.close(),
  }
}
