export type Condition = { ifNoneMatch: '*' } | { ifMatch: string }
export type Stored = { body: Uint8Array; etag: string; size: number }
/** `modifiedAt`: when it was written, by the bucket's own clock, to the second. */
export type Entry = { key: string; size: number; modifiedAt: Date }
export type ListOptions = { startAfter?: string; limit?: number; delimiter?: string }
export type Part = { number: number; etag: string }
/** The result of a conditional write. Lost: another writer came first, or our own earlier attempt whose answer was lost. */
export type ConditionalWrite = { isWritten: true; etag: string } | { isWritten: false }

/** Multipart uploads. Every part except the last has at least 5 MiB (S3's own rule). */
export type Multipart = {
  /** Returns the upload id. */
  start(key: string, contentType: string): Promise<string>
  upload(key: string, uploadId: string, number: number, body: Uint8Array): Promise<Part>
  /** Copies a whole object of at least 5 MiB into a part, on S3's side. */
  copy(key: string, uploadId: string, number: number, fromKey: string): Promise<Part>
  /** With `isOnce`, an existing object is kept, as with `putOnce`. */
  complete(key: string, uploadId: string, parts: Part[], isOnce?: boolean): Promise<void>
}

/**
 * The bucket: the only database. Every failure except a lost conditional write is thrown. Records are changed through `updateRecord`, which
 * repeats lost writes.
 */
export type Store = {
  /** Null when the object is missing. */
  get(key: string): Promise<Stored | null>
  /** At most `length` bytes, starting at `from`; null when the object is missing or ends before `from`. */
  getRange(key: string, from: number, length: number): Promise<Uint8Array | null>
  /** Returns the ETag. */
  put(key: string, body: Uint8Array | string, contentType: string): Promise<string>
  /** Writes an object unless it exists; it may be the same one, if the answer to an earlier attempt was lost. */
  putOnce(key: string, body: Uint8Array, contentType: string): Promise<void>
  /**
   * Copies an object of up to 5 GB on S3's side, replacing an existing one. False if it is missing. With `contentType`, the copy has this
   * type, whatever the object says, and none of its metadata.
   */
  copy(fromKey: string, toKey: string, contentType?: string): Promise<boolean>
  putIf(key: string, body: string, condition: Condition): Promise<ConditionalWrite>
  /**
   * Keys in ascending order; only those after `startAfter`, if given. Keys that have the same text up to the end of the first
   * `delimiter` after the prefix are one entry with this text as its key, of no size and of no time.
   */
  list(prefix: string, options?: ListOptions): Promise<Entry[]>
  remove(key: string): Promise<void>
  /**
   * A link for a browser, valid for `seconds`. Its response has `contentType`, whatever the object says, and is an attachment if `fileName`
   * is given.
   */
  presign(key: string, seconds: number, contentType: string, fileName?: string): Promise<string>
  multipart: Multipart
  /** Closes its connections. The code that opens a store closes it. */
  close(): void
}
