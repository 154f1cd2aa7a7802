type Started = {
  number: number
  isByHand: boolean
  /** Whether its commit was the head of its branch at any time since it was asked for. */
  mayBeHead: boolean
}

/** Who holds a stage, by what people have done and what was deployed: a model that knows nothing of records. */
export class HoldModel {
  /** The newest build when a person began to hold the stage; null if nobody does. */
  #person: number | null = null
  /** The deploy by hand before which no push deploys; null for none, and if that is not certain. */
  #deploy: number | null = null
  readonly #started = new Set<number>()

  hold(newest: number): void {
    this.#person ??= newest
    this.#deploy = null
  }

  release(): void {
    this.#person = null
    this.#deploy = null
  }

  /** A deploy starts. Returns what is wrong with that, as sentences. */
  start({ number, isByHand, mayBeHead }: Started): string[] {
    if (this.#started.has(number)) return []
    this.#started.add(number)
    if (isByHand) {
      // A person's hold stays. GitHub may not have answered: then the deploy of a head holds the stage as well.
      if (mayBeHead) this.#deploy = null
      else if (this.#person === null) this.#deploy = Math.max(number, this.#deploy ?? 0)
      return []
    }
    const [person, deploy] = [this.#person, this.#deploy]
    this.#deploy = null
    if (person !== null && number > person)
      return [`#${number} was deployed, and a person held the stage before it was pushed.`]
    return deploy !== null && number < deploy
      ? [`#${number} was deployed, and the later deploy by hand #${deploy} held the stage.`]
      : []
  }
}
