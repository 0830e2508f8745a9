/** Tells its listeners that something changed, and counts how often. */
export class Signal {
  #listeners = new Set<() => void>()
  #count = 0

  emit(): void {
    this.#count++
    for (const listener of [...this.#listeners]) listener()
  }

  /** In the shape React's useSyncExternalStore takes. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  readonly snapshot = (): number => this.#count
}
