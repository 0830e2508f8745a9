import { sharedClient } from './candleStream.js'
import type { CandleClientOptions } from './client.js'
import { timeframeMs } from './timeframe.js'
import type { Candle } from './types.js'

/** The parts of TradingView's Charting Library that a datafeed meets. Times of bars are ms, times of periods seconds. */
export interface DatafeedBar {
  time: number
  open: number
  high: number
  low: number
  close: number
  volume: number
}
export interface DatafeedSymbol {
  name: string
  ticker: string
  description: string
  type: string
  session: string
  timezone: string
  exchange: string
  listed_exchange: string
  format: 'price'
  minmov: number
  pricescale: number
  has_intraday: boolean
  has_daily: boolean
  has_weekly_and_monthly: boolean
  supported_resolutions: string[]
  volume_precision: number
  data_status: 'streaming'
}
export interface DatafeedPeriod {
  from: number
  to: number
  countBack: number
  firstDataRequest: boolean
}
export interface Datafeed {
  onReady(done: (configuration: object) => void): void
  searchSymbols(text: string, exchange: string, type: string, done: (found: object[]) => void): void
  resolveSymbol(name: string, done: (symbol: DatafeedSymbol) => void, failed: (reason: string) => void): void
  getBars(
    symbol: { ticker?: string; name: string },
    resolution: string,
    period: DatafeedPeriod,
    done: (bars: DatafeedBar[], meta: { noData: boolean }) => void,
    failed: (reason: string) => void,
  ): void
  subscribeBars(
    symbol: { ticker?: string; name: string },
    resolution: string,
    onTick: (bar: DatafeedBar) => void,
    id: string,
    onResetCacheNeeded: () => void,
  ): void
  unsubscribeBars(id: string): void
  getServerTime(done: (seconds: number) => void): void
}

const MAX_FOUND = 30
const MAX_LIMIT = 10_000
/** Prices with more digits than this are shown with this many. */
const MAX_DECIMALS = 8

/** A Datafeed object for TradingView's Charting Library: `new TradingView.widget({ datafeed: createDatafeed({ url }), … })`. */
export function createDatafeed(options: CandleClientOptions = {}): Datafeed {
  const client = sharedClient(options)
  const subscriptions = new Map<string, () => void>()
  /** What was handed out of a series last: the rev where its stream begins, and the newest bar. */
  const handedOut = new Map<string, { since: number; newest: number }>()
  let resolutions: Promise<Map<string, string>> | null = null
  const timeframes = () => {
    resolutions ??= readTimeframes(client.json('/timeframes'))
    resolutions.catch(() => {
      resolutions = null
    })
    return resolutions
  }
  const seriesOf = async (symbol: { ticker?: string; name: string }, resolution: string) => {
    const timeframe = (await timeframes()).get(resolution)
    if (timeframe === undefined) throw new NotToBeHad(`the server has no timeframe ${resolution}`)
    return `${symbol.ticker ?? symbol.name}:${timeframe}`
  }
  const listSymbols = async () => readSymbols(await client.json('/symbols'))
  const say = (failed: (reason: string) => void) => async (failure: unknown) =>
    failed(failure instanceof NotToBeHad ? failure.message : (await client.explain(failure)).message)

  return {
    onReady(done) {
      const answer = (found: Map<string, string>) =>
        done({ supported_resolutions: [...found.keys()], supports_time: true, supports_marks: false })
      timeframes().then(answer, () => answer(new Map()))
    },
    searchSymbols(text, _exchange, _type, done) {
      const wanted = text.toUpperCase()
      listSymbols().then(
        (all) =>
          done(
            all
              .filter((one) => one.symbol.toUpperCase().includes(wanted))
              .slice(0, MAX_FOUND)
              .map(found),
          ),
        () => done([]),
      )
    },
    resolveSymbol(name, done, failed) {
      const resolve = async () => {
        const [all, known] = [await listSymbols(), await timeframes()]
        const one = all.find(({ symbol }) => symbol === name)
        if (one === undefined) return failed('unknown_symbol')
        const { candles } = await client.history(`${name}:1D`, { limit: 5 })
        done(describe(one, decimalsOf(candles), [...known.keys()]))
      }
      resolve().catch(say(failed))
    },
    getBars(symbol, resolution, { to, countBack, firstDataRequest }, done, failed) {
      const read = async () => {
        const series = await seriesOf(symbol, resolution)
        // The count wins over `from`: the library wants so many bars before `to`, however long ago they are.
        const page = await client.history(series, {
          end: to * 1000 - 1,
          limit: Math.min(Math.max(countBack, 1), MAX_LIMIT),
        })
        if (page.candles.length === 0 && page.gaps.length > 0)
          throw new NotToBeHad('whether there are older bars is not known now: ask again')
        if (firstDataRequest && page.asof !== null)
          handedOut.set(series, { since: page.asof, newest: page.candles.at(-1)?.time ?? 0 })
        done(page.candles.map(bar), { noData: page.candles.length === 0 })
      }
      read().catch(say(failed))
    },
    subscribeBars(symbol, resolution, onTick, id, onResetCacheNeeded) {
      let isOver = false
      let leave: () => void = () => undefined
      subscriptions.set(id, () => {
        isOver = true
        leave()
      })
      const follow = async () => {
        const series = await seriesOf(symbol, resolution)
        if (isOver) return
        const begin = handedOut.get(series)
        let newest = begin?.newest ?? 0
        const take = (candles: readonly Candle[]) => {
          for (const candle of candles) {
            // The library takes no tick older than its last bar: a correction needs its bars anew.
            if (candle.time < newest) onResetCacheNeeded()
            else onTick(bar(candle))
            newest = Math.max(newest, candle.time)
          }
        }
        const listener = { onCandles: take, onReset: () => onResetCacheNeeded() }
        leave = client.subscribe(series, listener, begin === undefined ? {} : { since: begin.since })
      }
      // biome-ignore lint/suspicious/noConsole: the library gives no other place for it
      follow().catch(say((reason) => console.error(`candle-stream: ${reason}`)))
    },
    unsubscribeBars(id) {
      subscriptions.get(id)?.()
      subscriptions.delete(id)
    },
    getServerTime(done) {
      done(Math.floor((Date.now() + (client.status.serverOffsetMs ?? 0)) / 1000))
    },
  }
}

/** What the server answered well enough, and the library has to be told. */
class NotToBeHad extends Error {}

interface SymbolEntry {
  symbol: string
  base: string
  quote: string
}

function readSymbols(answer: Record<string, unknown>): SymbolEntry[] {
  return Array.isArray(answer.symbols) ? (answer.symbols as SymbolEntry[]) : []
}

/** The library's names: minutes as numbers, then `1D`, `1W`, `1M`. */
async function readTimeframes(answer: Promise<Record<string, unknown>>): Promise<Map<string, string>> {
  const { timeframes } = (await answer) as { timeframes?: { timeframe: string }[] }
  return new Map(
    (timeframes ?? []).map(({ timeframe }) => {
      const ms = timeframeMs(timeframe)
      return [ms !== null && ms < 86_400_000 ? String(ms / 60_000) : timeframe, timeframe]
    }),
  )
}

function found({ symbol, base, quote }: SymbolEntry) {
  return { symbol, ticker: symbol, description: `${base} / ${quote}`, exchange: '', type: 'crypto' }
}

function describe({ symbol, base, quote }: SymbolEntry, decimals: number, resolutions: string[]): DatafeedSymbol {
  return {
    name: symbol,
    ticker: symbol,
    description: `${base} / ${quote}`,
    type: 'crypto',
    session: '24x7',
    timezone: 'Etc/UTC',
    exchange: '',
    listed_exchange: '',
    format: 'price',
    minmov: 1,
    pricescale: 10 ** decimals,
    has_intraday: true,
    has_daily: true,
    has_weekly_and_monthly: true,
    supported_resolutions: resolutions,
    volume_precision: MAX_DECIMALS,
    data_status: 'streaming',
  }
}

/** As many decimals as the prices of the last days have. */
function decimalsOf(candles: readonly Candle[]): number {
  const digits = (price: number) =>
    /e-(\d+)$/.test(String(price)) ? MAX_DECIMALS : (String(price).split('.')[1] ?? '').length
  const all = candles.flatMap(({ open, high, low, close }) => [open, high, low, close].map(digits))
  return Math.min(Math.max(2, ...all), MAX_DECIMALS)
}

function bar({ time, open, high, low, close, volume }: Candle): DatafeedBar {
  return { time, open, high, low, close, volume }
}
