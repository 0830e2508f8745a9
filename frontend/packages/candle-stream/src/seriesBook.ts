import type { Candle } from './types.js'

/** Candles kept per series; older ones are forgotten here and live on in the consumer's own list. */
const CAPACITY = 2000
/** Who comes late to a series, subscriber or tab, is handed this many of the candles already here. */
export const HANDED_OVER = 500

/** The newest known version of each recent candle of one series. Decides by `rev` alone what is news. */
export class SeriesBook {
  #candles = new Map<number, Candle>()

  /** Takes candles in and returns those that are newer than what was held, oldest first. */
  accept(candles: readonly Candle[]): Candle[] {
    const newer = candles.filter((candle) => {
      const held = this.#candles.get(candle.time)
      if (held !== undefined && candle.rev <= held.rev) return false
      this.#candles.set(candle.time, candle)
      return true
    })
    if (this.#candles.size > CAPACITY) this.#forgetOldest()
    return newer.length > 1 ? newer.sort((a, b) => a.time - b.time) : newer
  }

  /** Forgets everything; what follows builds the series anew. */
  clear(): void {
    this.#candles.clear()
  }

  /** The newest `count` candles, oldest first. */
  newest(count: number): Candle[] {
    return [...this.#candles.values()].sort((a, b) => a.time - b.time).slice(-count)
  }

  #forgetOldest(): void {
    this.#candles = new Map(this.newest(CAPACITY / 2).map((candle) => [candle.time, candle]))
  }
}
