/** Lines that may precede the log. They wait until they can be passed to it, and later ones follow at once. */
export class PendingLines {
  readonly #waiting: string[] = []
  #passed: Promise<void> | null = null
  #log: (line: string) => Promise<void> = async () => {}

  readonly write = (line: string): void => {
    if (this.#passed) this.#passed = this.#passed.then(() => this.#log(line)).catch(() => {})
    else this.#waiting.push(line)
  }

  /** Resolves when the lines that have waited are written. */
  async passTo(log: (line: string) => Promise<void>): Promise<void> {
    this.#log = log
    this.#passed = Promise.resolve()
    for (const line of this.#waiting.splice(0)) this.write(line)
    await this.#passed
  }
}
