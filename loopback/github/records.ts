import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'

/** What every record knows about itself; `repository` is 0 where it belongs to none. */
export type Row<T> = T & { id: number; repository: number; createdAt: string }

/** The server's own hook has this id everywhere; no record ever gets it. */
export const SERVER_HOOK = 1

/** The time as GitHub writes it: whole seconds, UTC. */
export const timestamp = (time = new Date()) => time.toISOString().replace(/\.\d+Z$/, 'Z')

/** All that is not in git: one table of JSON records in one SQLite file, there after `kill -9` too. */
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

  /** All or nothing, for work that does not wait; transactions don't nest. */
  transaction(work: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      work()
      this.#database.exec('COMMIT')
    } catch (error) {
      this.#database.exec('ROLLBACK')
      throw error
    }
  }

  /** Removes a repository and all that belongs to it. */
  removeRepository(id: number): void {
    this.#database
      .prepare(`DELETE FROM records WHERE repository = ?1 OR (id = ?1 AND kind = 'repository')`)
      .run(id)
  }

  close(): void {
    this.#database.close()
  }
}

/** The records of one kind. Ids are unique across kinds, grow, and are never used again. */
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

  /** Of one repository, or of all; newest first. */
  list(repository?: number): Row<T>[] {
    return this.#database
      .prepare('SELECT * FROM records WHERE kind = ? AND repository = ifnull(?, repository) ORDER BY id DESC')
      .all(this.#kind, repository ?? null)
      .map(row => this.#read(row))
  }

  /** Changes the given fields and leaves the others as they are now on disk. */
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
