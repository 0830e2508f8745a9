import type { ServerEvent } from './protocol.js'
import type { Candle } from './types.js'

/** Candles per series that a delta may build on: the forming one and its neighbours. */
const KEPT_PER_SERIES = 4

/** What one connection was sent last, so that a delta can be made a candle again. */
export class DeltaBook {
  #sent = new Map<string, Candle[]>()

  remember(series: string, candle: Candle): void {
    const others = (this.#sent.get(series) ?? []).filter((other) => other.time !== candle.time)
    this.#sent.set(series, [...others, candle].slice(-KEPT_PER_SERIES))
  }

  /** The full candle, or null when the base is not what this connection was sent last. */
  apply(delta: ServerEvent & { kind: 'delta' }): Candle | null {
    const base = this.#sent.get(delta.series)?.find((candle) => candle.time === delta.time)
    if (base === undefined || base.rev !== delta.base) return null
    const candle = { ...base, ...delta.changes, rev: delta.rev }
    this.remember(delta.series, candle)
    return candle
  }
}
