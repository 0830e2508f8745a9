import type { Candle } from '../src/api/candleStream'

/** A closed bar of no particular price. */
export function bar(time: number): Candle {
  return { time, open: 1, high: 1, low: 1, close: 1, volume: 1, closed: true, rev: 1 }
}
