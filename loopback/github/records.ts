import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'

/** A stored record. `repository` is 0 if it does not belong to any. */
export type Row<T> = T & { id: number; repository: number; createdAt: string }

/** The id of the server's own hook in every repository. No record ever gets this id. */
export const SERVER_HOOK = 1
/** The id of the App's hook in every repository. */
export const APP_HOOK = 0

/** The time in GitHub's format: UTC, whole seconds. */
export const timestamp = (time = new Date()) => time.toISOString().replace(/\.\d+Z$/, 'Z')

/** Everything that is not in git: JSON records in one SQLite table, which survive `kill -9`. */
export class Records {
  readonly #database: DatabaseSync

  constructor(file: string) {
    this.#database = new DatabaseSync(file)
    this.#database.exec(`
      PRAGMA journal_mode = WAL;
      CREATE TABLE IF NOT EXISTS records (
        id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, repository INTEGER NOT NULL,
        createdAt TEXT NOT NULL, json TEXT NOT NULL);
      CREATE INDEX IF NOT EXISTS by_kind ON records (kind, repository);
      INSERT OR IGNORE INTO records VALUES (${SERVER_HOOK}, 'server-hook', 0, '${timestamp()}', '{}');`)
  }

  collection<T extends object>(kind: string): Collection<T> {
    return new Collection<T>(this.#database, kind)
  }

  /** Runs synchronous work atomically. Transactions do not nest. */
  transaction<T>(work: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      this.#database.exec('COMMIT')
      return result
    } catch (error) {
      this.#database.exec('ROLLBACK')
      throw error
    }
  }

  /** Removes a repository and all its records. */
  removeRepository(id: number): void {
    this.#database
      .prepare(`DELETE FROM records WHERE repository = ?1 OR (id = ?1 AND kind = 'repository')`)
      .run(id)
  }

  close(): void {
    this.#database.close()
  }
}

/** The records of one kind. Ids are unique across kinds, ascending, and never reused. */
export class Collection<T extends object> {
  readonly #database: DatabaseSync
  readonly #kind: string

  constructor(database: DatabaseSync, kind: string) {
    this.#database = database
    this.#kind = kind
  }

  insert(repository: number, value: T): Row<T> {
    const createdAt = timestamp()
    const { lastInsertRowid } = this.#database
      .prepare('INSERT INTO records (kind, repository, createdAt, json) VALUES (?, ?, ?, ?)')
      .run(this.#kind, repository, createdAt, JSON.stringify(value))
    return { ...value, id: Number(lastInsertRowid), repository, createdAt }
  }

  get(id: number): Row<T> | null {
    const row = this.#database.prepare('SELECT * FROM records WHERE kind = ? AND id = ?').get(this.#kind, id)
    return row ? this.#read(row) : null
  }

  /** The records of one repository or of all, newest first. */
  list(repository?: number): Row<T>[] {
    return this.#database
      .prepare('SELECT * FROM records WHERE kind = ? AND repository = ifnull(?, repository) ORDER BY id DESC')
      .all(this.#kind, repository ?? null)
      .map(row => this.#read(row))
  }

  /** Updates the given fields and keeps the others as they are on disk. */
  change(id: number, fields: Partial<T>): void {
    const row = this.#database.prepare('SELECT json FROM records WHERE id = ?').get(id)
    if (!row) return
    const json = JSON.stringify({ ...(JSON.parse(String(row.json)) as T), ...fields })
    this.#database.prepare('UPDATE records SET json = ? WHERE kind = ? AND id = ?').run(json, this.#kind, id)
  }

  remove(id: number): void {
    this.#database.prepare('DELETE FROM records WHERE kind = ? AND id = ?').run(this.#kind, id)
  }

  #read(row: Record<string, SQLOutputValue>): Row<T> {
    const { id, repository, createdAt, json } = row
    return {
      ...(JSON.parse(String(json)) as T),
      id: Number(id),
      repository: Number(repository),
      createdAt: String(createdAt),
    }
  }
}
