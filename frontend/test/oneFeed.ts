import { afterEach, beforeEach, expect, vi } from 'vitest'
import { candle, FakeWorld } from '../packages/candle-stream/test/fakes'
import { type Candle, type Gap, StreamClient } from '../src/api/candleStream'
import type { History, HistoryQuery, MarketApi } from '../src/api/market'
import { CandleFeed } from '../src/feed/candleFeed'
import { subtractGaps } from '../src/feed/gaps'

export const SERIES = 'BTCUSD:1m'
export const MINUTE = 60_000
export const closed = (minute: number, rev: number, more: object = {}): Candle =>
  candle(minute * MINUTE, rev, { closed: true, ...more })

/** The server's side: bars by time, and a counter. */
class FakeMarket implements MarketApi {
  bars = new Map<number, Candle>()
  rev = 1000
  queries: HistoryQuery[] = []
  failure: Error | null = null
  /** What the server could not get in time: its bars are left out and the ranges named. */
  unknown: Gap[] = []
  /** Said instead of the true one: a server that gives up in the middle of nothing. */
  next: number | null = null
  oldest: number | undefined

  put(candle: Omit<Candle, 'rev'>): Candle {
    const full = { ...candle, rev: ++this.rev }
    this.bars.set(full.time, full)
    return full
  }

  async candles(_series: string, query: HistoryQuery): Promise<History> {
    this.queries.push(query)
    if (this.failure !== null) throw this.failure
    const { start = 0, end = Number.MAX_SAFE_INTEGER, limit = 500, since } = query
    let candles = [...this.bars.values()]
      .filter(({ time }) => time >= start && time <= end)
      .filter(({ time }) => !this.unknown.some(([from, to]) => time >= from && time < to))
      .sort((a, b) => a.time - b.time)
    if (since !== undefined) candles = candles.filter(({ rev }) => rev > since)
    else candles = query.start === undefined ? candles.slice(-limit) : candles.slice(0, limit)
    const isCut = since === undefined && candles.length === limit
    const from = isCut && query.start === undefined ? candles[0]!.time : start
    const to = isCut && query.start !== undefined ? candles.at(-1)!.time + MINUTE : end + 1
    const next = isCut ? (query.start === undefined ? from - 1 : to) : null
    const gaps = subtractGaps(this.unknown, subtractGaps([[0, Number.MAX_SAFE_INTEGER]], [[from, to]]))
    const oldest = this.oldest === undefined ? {} : { oldest: this.oldest }
    return { candles, asof: this.rev, gaps, next: this.next ?? next, ...oldest, reset: false }
  }

  symbols = async () => []
  timeframes = async () => []
}

export let world: FakeWorld
export let client: StreamClient
export let market: FakeMarket
export let feed: CandleFeed
export let told: { redraws: number; corrected: Candle[]; updates: Candle[]; changes: number; mayPage: number }

export function makeFeed(rightEdge: number | null = null): CandleFeed {
  told = { redraws: 0, corrected: [], updates: [], changes: 0, mayPage: 0 }
  feed = new CandleFeed(SERIES, client, market, rightEdge, {
    redraw: () => told.redraws++,
    update: (candle) => told.updates.push(candle),
    corrected: (candle) => told.corrected.push(candle),
    gaps: () => {},
    changed: () => told.changes++,
    mayPage: () => told.mayPage++,
  })
  return feed
}

export function send(candle: Candle): void {
  world.source.say('message', { symbol: 'BTCUSD', timeframe: '1m', ...candle }, String(candle.rev))
}

export function makeWorld(): void {
  world = new FakeWorld()
  client = new StreamClient({ shareTabs: false, environment: world.environment })
  market = new FakeMarket()
}

/** Every test begins with a new feed in a new world, and leaves no timers behind. */
export function beginAnew(): void {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_700_000_000_000 })
    makeWorld()
    makeFeed()
  })
  afterEach(() => {
    feed.dispose()
    client.stop()
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })
}

export async function begin(bars = 10): Promise<void> {
  for (let minute = 0; minute < bars; minute++) market.put(closed(minute, 0))
  await feed.start()
  vi.advanceTimersByTime(20)
  world.source.greet(market.rev, 'resumed')
}
