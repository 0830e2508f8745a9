import type { Candle, CandleClient } from '../api/candleStream'
import { CandleList } from './candleList'

/** Hourly candles make the row: the last close, the day's change and the sparkline, all from the one stream. */
const TIMEFRAME = '1h'
const HOUR_MS = 3_600_000
/** Candles a row keeps: a day and the one before it. */
const KEPT = 25

/** What a row shows. Numbers are null until candles have come. */
export interface Quote {
  last: number | null
  /** Change over 24 h in percent. */
  changePercent: number | null
  high: number | null
  low: number | null
  volume: number | null
  /** Hourly closes, oldest first. */
  spark: readonly number[]
}

export const NO_QUOTE: Quote = { last: null, changePercent: null, high: null, low: null, volume: null, spark: [] }

/** Follows the last day of any number of symbols. */
export class Watchlist {
  #client: CandleClient
  #followed = new Map<string, { list: CandleList; leave: () => void; quote: Quote | null }>()

  constructor(client: CandleClient) {
    this.#client = client
  }

  /** Follows exactly these symbols. */
  follow(symbols: readonly string[]): void {
    const wanted = new Set(symbols)
    for (const symbol of wanted) if (!this.#followed.has(symbol)) this.#add(symbol)
    for (const [symbol, entry] of this.#followed) {
      if (wanted.has(symbol)) continue
      entry.leave()
      this.#followed.delete(symbol)
    }
  }

  quote(symbol: string): Quote {
    const entry = this.#followed.get(symbol)
    if (entry === undefined) return NO_QUOTE
    entry.quote ??= quoteOf(entry.list.bars)
    return entry.quote
  }

  #add(symbol: string): void {
    const list = new CandleList()
    const entry = { list, quote: null as Quote | null, leave: () => {} }
    this.#followed.set(symbol, entry)
    entry.leave = this.#client.subscribe(`${symbol}:${TIMEFRAME}`, {
      onCandles(candles) {
        list.mergeAll(candles)
        list.trim(KEPT, 'oldest')
        entry.quote = null
      },
      onReset(candles) {
        list.replace(candles.slice(-KEPT))
        entry.quote = null
      },
    })
  }
}

/** The last 24 hours of hourly candles, ascending by time. */
export function quoteOf(bars: readonly Candle[]): Quote {
  const last = bars.at(-1)
  if (last === undefined) return NO_QUOTE
  const day = bars.filter((bar) => bar.time > last.time - 24 * HOUR_MS)
  const open = day[0]!.open
  return {
    last: last.close,
    changePercent: open === 0 ? null : (last.close / open - 1) * 100,
    high: Math.max(...day.map((bar) => bar.high)),
    low: Math.min(...day.map((bar) => bar.low)),
    volume: day.reduce((sum, bar) => sum + bar.volume, 0),
    spark: day.map((bar) => bar.close),
  }
}
