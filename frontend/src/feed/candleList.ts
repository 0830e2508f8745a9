import type { Candle } from '../api/candleStream'
import { indexAtOrAfter } from './sorted'

/** What merging one candle did. `updated` carries the version it replaced. */
export type Merge = { what: 'appended' | 'inserted' | 'dropped' } | { what: 'updated'; previous: Candle }

const DROPPED: Merge = { what: 'dropped' }
const APPENDED: Merge = { what: 'appended' }
const INSERTED: Merge = { what: 'inserted' }

/** The bars of one series, ascending by time, one per time. Whatever the order of arrival, the highest rev of each time stays. */
export class CandleList {
  #bars: Candle[] = []

  /** Ascending by time. Do not change; replaced or extended in place by `merge`. */
  get bars(): readonly Candle[] {
    return this.#bars
  }

  get first(): Candle | undefined {
    return this.#bars[0]
  }

  get last(): Candle | undefined {
    return this.#bars.at(-1)
  }

  merge(candle: Candle): Merge {
    const bars = this.#bars
    const last = bars.at(-1)
    if (last === undefined || candle.time > last.time) {
      bars.push(candle)
      return APPENDED
    }
    const index = this.indexAt(candle.time)
    const held = bars[index]
    if (held?.time !== candle.time) {
      bars.splice(index, 0, candle)
      return INSERTED
    }
    if (candle.rev <= held.rev) return DROPPED
    bars[index] = candle
    return { what: 'updated', previous: held }
  }

  mergeAll(candles: readonly Candle[]): void {
    for (const candle of candles) this.merge(candle)
  }

  /** Forgets all bars and starts anew. */
  replace(candles: readonly Candle[]): void {
    this.#bars = []
    this.mergeAll(candles)
  }

  /** Index of the first bar with this time or a later one; the length if there is none. */
  indexAt(time: number): number {
    return indexAtOrAfter(time, this.#bars.length, (i) => this.#bars[i]!.time)
  }

  at(time: number): Candle | undefined {
    const bar = this.#bars[this.indexAt(time)]
    return bar?.time === time ? bar : undefined
  }

  /** Keeps at most `count` bars, giving up the newest or the oldest. Returns how many went. */
  trim(count: number, giveUp: 'newest' | 'oldest'): number {
    const surplus = Math.max(this.#bars.length - count, 0)
    if (surplus > 0) this.#bars = giveUp === 'newest' ? this.#bars.slice(0, count) : this.#bars.slice(-count)
    return surplus
  }
}

/** True if the two versions of a bar show the same prices and volume. */
export function sameValues(a: Candle, b: Candle): boolean {
  return a.open === b.open && a.high === b.high && a.low === b.low && a.close === b.close && a.volume === b.volume
}
