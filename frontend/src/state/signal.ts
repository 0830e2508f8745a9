/** Tells its listeners that something changed. */
export class Signal {
  #listeners = new Set<() => void>()

  emit(): void {
    for (const listener of [...this.#listeners]) listener()
  }

  /** Returns what ends it. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }
}
