import type { Condition, ConditionKind } from '../feed/condition'

export interface ConnectionEvent {
  /** Local clock, Unix ms. */
  at: number
  kind: ConditionKind
  word: string
  reason: string
}

const KEPT = 6

/** The last changes of condition, newest first: what makes an outage explainable. */
export class ConnectionLog {
  #events: readonly ConnectionEvent[] = []

  get events(): readonly ConnectionEvent[] {
    return this.#events
  }

  /** Notes the condition if it differs from the last one noted. Returns true if it did. */
  note(condition: Condition, at: number): boolean {
    const last = this.#events[0]
    const { kind, word, reason } = condition
    if (last?.kind === kind && (last.word === word || kind === 'reconnecting')) return false
    this.#events = [{ at, kind, word, reason }, ...this.#events].slice(0, KEPT)
    return true
  }
}
