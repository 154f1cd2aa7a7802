import { openDatabase } from '../database.ts'
import type { ScheduleInput } from './schedule.ts'

const SCHEMA = `CREATE TABLE IF NOT EXISTS schedules (
  name TEXT PRIMARY KEY, input TEXT NOT NULL, createdAt INTEGER NOT NULL, dueAt INTEGER, failures INTEGER NOT NULL
) STRICT`

export type Schedule = {
  name: string
  input: ScheduleInput
  createdAt: number
  /** ms since 1970. Null if the schedule is disabled or has run. */
  dueAt: number | null
  failures: number
}

type Row = Omit<Schedule, 'input'> & { input: string }

export type ScheduleStore = ReturnType<typeof openScheduleStore>

/** Persistent schedules. The names of schedules that were removed in the meantime are kept. */
export function openScheduleStore(directory: string) {
  const removed = new Set<string>()
  const database = openDatabase(directory, 'scheduler', SCHEMA)
  const put = database.prepare(
    'INSERT OR REPLACE INTO schedules VALUES (:name, :input, :createdAt, :dueAt, :failures)',
  )
  const one = database.prepare('SELECT * FROM schedules WHERE name = ?')
  const all = database.prepare('SELECT * FROM schedules ORDER BY name')
  const due = database.prepare('SELECT * FROM schedules WHERE dueAt <= ? ORDER BY dueAt, name')
  const next = database.prepare('SELECT min(dueAt) AS dueAt FROM schedules')
  const remove = database.prepare('DELETE FROM schedules WHERE name = ?')
  const parse = (row: unknown): Schedule => ({ ...(row as Row), input: JSON.parse((row as Row).input) })
  return {
    put: (schedule: Schedule) => void put.run({ ...schedule, input: JSON.stringify(schedule.input) }),
    find: (name: string) => {
      const row = one.get(name)
      return row && parse(row)
    },
    all: () => all.all().map(parse),
    due: (now: number) => due.all(now).map(parse),
    nextDue: () => next.get()?.dueAt as number | null,
    remove: (name: string) => {
      removed.add(name)
      return remove.run(name).changes > 0
    },
    wasRemoved: (name: string) => removed.has(name),
    close: () => database.close(),
  }
}
