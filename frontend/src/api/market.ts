import { text } from '../text/text'
import { type Candle, type Gap, isObject, readCandles, readGaps, readProblem, splitSeries } from './candleStream'

/** A tradable pair as the exchange lists it. */
export interface MarketSymbol {
  symbol: string
  base: string
  quote: string
}

/** The answer of `GET /candles`. */
export interface History {
  candles: Candle[]
  /** Rev up to which the answer is complete: where the stream may take over. */
  asof: number | null
  /** Ranges that hold candles, perhaps, which the server could not get in time. */
  gaps: Gap[]
  /** Where to go on (the next `start` if one was asked for, else the next `end`); null where nothing more is to come. */
  next: number | null
  /** The exchange keeps nothing older than this open time; left out where it keeps everything. */
  oldest?: number
  reset: boolean
}

/** Bounds in Unix ms, inclusive. */
export interface HistoryQuery {
  start?: number
  end?: number
  limit?: number
  since?: number
}

/** The browser's, or what watches it. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** The REST side of the server. Errors are `HttpProblem` where the server gave one. */
export interface MarketApi {
  candles(series: string, query: HistoryQuery, signal: AbortSignal): Promise<History>
  symbols(signal: AbortSignal): Promise<MarketSymbol[]>
  timeframes(signal: AbortSignal): Promise<string[]>
}

/** `base` stands before the paths: nothing, or `/k/TICKET`. */
export function marketApi(fetch: Fetch, base = ''): MarketApi {
  return {
    async candles(series, query, signal) {
      const { symbol, timeframe } = splitSeries(series)
      const parameters = new URLSearchParams({ symbol, timeframe })
      for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value))
      const body = await getJson(fetch, `${base}/candles?${parameters}`, signal)
      return {
        candles: Array.isArray(body.candles) ? readCandles(body.candles) : [],
        asof: typeof body.asof === 'number' ? body.asof : null,
        gaps: readGaps(body.gaps),
        next: typeof body.next === 'number' ? body.next : null,
        ...(typeof body.oldest === 'number' ? { oldest: body.oldest } : {}),
        reset: body.reset === true,
      }
    },
    async symbols(signal) {
      const body = await getJson(fetch, `${base}/symbols`, signal)
      return Array.isArray(body.symbols) ? body.symbols.filter(isSymbol) : []
    },
    async timeframes(signal) {
      const body = await getJson(fetch, `${base}/timeframes`, signal)
      const list = Array.isArray(body.timeframes) ? body.timeframes.filter(isObject) : []
      return list.map((item) => item.timeframe).filter((name) => typeof name === 'string')
    },
  }
}

async function getJson(fetch: Fetch, url: string, signal: AbortSignal): Promise<Record<string, unknown>> {
  const response = await fetch(url, { signal, headers: { Accept: 'application/json' } })
  const body: unknown = await response.json().catch(() => null)
  if (!response.ok) throw readProblem(response, body)
  if (!isObject(body)) throw new Error(text.unreadable)
  return body
}

function isSymbol(value: unknown): value is MarketSymbol {
  if (!isObject(value)) return false
  return typeof value.symbol === 'string' && typeof value.base === 'string' && typeof value.quote === 'string'
}
