import type { Candle, ConnectionStatus, Refusal, SeriesState, StreamClient } from '../api/candleStream'
import { text } from '../text/text'
import { CandleList } from './candleList'

/** Hourly candles make the row: the last close, the day's change and the sparkline, all from the one stream. */
const TIMEFRAME = '1h'
const HOUR_MS = 3_600_000
/** Candles a row keeps: a day and the one before it. */
const KEPT = 25

/** What a row shows. Numbers are null until candles have come; those of the day also where the market's date is another than today. */
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

interface Followed {
  list: CandleList
  leave: () => void
  state: SeriesState | null
  refusal: Refusal | null
  /** Of these bars, and of this hour. */
  quote: Quote | null
  hour: number
}

/** Follows the last day of any number of symbols. */
export class Watchlist {
  #client: StreamClient
  #now: () => number
  #followed = new Map<string, Followed>()

  /** `now` is the server's clock, Unix ms. */
  constructor(client: StreamClient, now: () => number) {
    this.#client = client
    this.#now = now
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
    const hour = Math.floor(this.#now() / HOUR_MS)
    if (entry.quote === null || entry.hour !== hour) entry.quote = quoteOf(entry.list.bars, hour * HOUR_MS)
    entry.hour = hour
    return entry.quote
  }

  /** Why the quote of a symbol may be old, in a sentence; null where nothing speaks against it. */
  trouble(symbol: string): string | null {
    const entry = this.#followed.get(symbol)
    return entry === undefined ? null : troubleOf(`${symbol}:${TIMEFRAME}`, this.#client.status, entry)
  }

  #add(symbol: string): void {
    const list = new CandleList()
    const entry: Followed = { list, leave: () => {}, state: null, refusal: null, quote: null, hour: 0 }
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
      onState(state) {
        entry.state = state
        entry.refusal = null
      },
      onRefused(refusal) {
        entry.refusal = refusal
      },
    })
  }
}

/** A quote of hourly candles, ascending by time, over the 24 hours that end with the hour `now`. */
export function quoteOf(bars: readonly Candle[], now: number): Quote {
  const last = bars.at(-1)
  if (last === undefined) return NO_QUOTE
  const day = bars.filter((bar) => bar.time > now - 24 * HOUR_MS)
  // A recorded market of another year has prices, but no today.
  if (day.length === 0 || last.time > now + HOUR_MS) return { ...NO_QUOTE, last: last.close, spark: [last.close] }
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

/** What speaks against the prices of a series being current: a refusal, no connection to the server, or the server's none to the exchange. */
export function troubleOf(
  series: string,
  { phase, polling }: ConnectionStatus,
  { state, refusal }: Pick<Followed, 'state' | 'refusal'>,
): string | null {
  if (refusal !== null) return refusal.detail || refusal.title
  if (phase !== 'open') {
    const error = polling.errors[series]
    if (error !== undefined) return text.old(error)
    if (polling.ok === false) return text.old(text.noConnection)
  }
  if (state === null || state.state === 'live' || state.state === 'polling') return null
  const because = state.reason ? `: ${state.reason}` : ''
  return text.old(text.noPrices(state.state, because))
}
