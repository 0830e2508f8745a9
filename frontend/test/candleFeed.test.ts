import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { candle, FakeWorld } from '../packages/candle-stream/test/fakes'
import { type Candle, type Gap, HttpProblem, StreamClient } from '../src/api/candleStream'
import type { History, HistoryQuery, MarketApi } from '../src/api/market'
import { CandleFeed, MAX_BARS, REFRESH_EVERY_MS } from '../src/feed/candleFeed'
import { subtractGaps } from '../src/feed/gaps'
import { full } from './sizes'

const SERIES = 'BTCUSD:1m'
const MINUTE = 60_000
const closed = (minute: number, rev: number, more: object = {}): Candle =>
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
    return { candles, asof: this.rev, gaps, next: this.next ?? next, reset: false }
  }

  symbols = async () => []
  timeframes = async () => []
}

let world: FakeWorld
let client: StreamClient
let market: FakeMarket
let feed: CandleFeed
let told: { redraws: number; corrected: Candle[]; updates: Candle[]; changes: number; mayPage: number }

function makeFeed(rightEdge: number | null = null): CandleFeed {
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

function send(candle: Candle): void {
  world.source.say('message', { symbol: 'BTCUSD', timeframe: '1m', ...candle }, String(candle.rev))
}

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000 })
  world = new FakeWorld()
  client = new StreamClient({ shareTabs: false, environment: world.environment })
  market = new FakeMarket()
  makeFeed()
})

afterEach(() => {
  feed.dispose()
  client.stop()
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

async function begin(bars = 10): Promise<void> {
  for (let minute = 0; minute < bars; minute++) market.put(closed(minute, 0))
  await feed.start()
  vi.advanceTimersByTime(20)
  world.source.greet(market.rev, 'resumed')
}

describe('the feed of a chart', () => {
  test('history comes first, the stream takes over at its asof', async () => {
    await begin()
    expect(feed.list.bars).toHaveLength(10)
    expect(world.source.query.get('last_event_id')).toBe('1010')
    send(market.put(candle(10 * MINUTE, 0)))
    expect(feed.list.last?.time).toBe(10 * MINUTE)
    expect(feed.latest?.time).toBe(10 * MINUTE)
  })

  test('an unknown symbol is refused in the server’s words and never streamed', async () => {
    market.failure = new HttpProblem({ status: 404, title: 'Unknown', detail: 'Not listed.', matches: [] }, null)
    await feed.start()
    vi.advanceTimersByTime(100)
    expect(feed.refusal?.detail).toBe('Not listed.')
    expect(world.sources).toHaveLength(0)
  })

  test('a history that fails does not keep the stream away, and is asked for again', async () => {
    market.failure = new TypeError('Failed to fetch')
    await feed.start()
    vi.advanceTimersByTime(20)
    expect(feed.problem).toMatch(/cannot be reached/)
    world.source.greet(1, 'fresh', { [SERIES]: [candle(0, 1)] })
    expect(feed.loading).toBe(false)
    market.failure = null
    market.put(closed(1, 0))
    await vi.advanceTimersByTimeAsync(5000)
    expect(feed.list.last?.time).toBe(MINUTE)
  })

  test('bars of an earlier visit are shown without a server, never joined to the present, and replaced by history', async () => {
    market.failure = new TypeError('Failed to fetch')
    await feed.start()
    feed.showKept([closed(0, 1), closed(1, 2)], 1_600_000_000_000)
    expect(feed.list.bars).toHaveLength(2)
    expect(feed.keptAt).toBe(1_600_000_000_000)
    vi.advanceTimersByTime(20)
    world.source.greet(1, 'fresh', { [SERIES]: [candle(50 * MINUTE, 90)] })
    expect(feed.list.bars).toHaveLength(2)
    market.failure = null
    for (let minute = 40; minute < 50; minute++) market.put(closed(minute, 0))
    await vi.advanceTimersByTimeAsync(5000)
    expect(feed.list.bars.map(({ time }) => time / MINUTE)).toEqual([40, 41, 42, 43, 44, 45, 46, 47, 48, 49])
    expect(feed.keptAt).toBeNull()
  })

  test('begun at an earlier time it holds the bars around it, and the newest when it is gone live', async () => {
    for (let minute = 0; minute < 5000; minute++) market.put(closed(minute, 0))
    feed.dispose()
    makeFeed(1000 * MINUTE)
    await feed.start()
    expect(feed.detached).toBe(true)
    expect(feed.list.first!.time).toBeLessThan(900 * MINUTE)
    expect(feed.list.last!.time).toBeGreaterThan(1000 * MINUTE)
    expect(feed.latest?.time).toBe(4999 * MINUTE)
    await feed.goLive()
    expect(feed.detached).toBe(false)
    expect(feed.list.last?.time).toBe(4999 * MINUTE)
    // A time that the newest page holds needs no other one, and one just before it is joined to it.
    feed.dispose()
    makeFeed(4900 * MINUTE)
    await feed.start()
    expect(feed.list.bars).toHaveLength(600)
    feed.dispose()
    makeFeed(4500 * MINUTE)
    await feed.start()
    expect(feed.detached).toBe(false)
    expect(feed.list.bars.length).toBeGreaterThan(600)
    expect(
      feed.list.bars.every(({ time }, index, bars) => index === 0 || time - bars[index - 1]!.time === MINUTE),
    ).toBe(true)
  })

  test('a live page asks at most once a minute, for what changed', async () => {
    await begin()
    const before = market.queries.length
    for (let beat = 0; beat < 20; beat++) {
      await vi.advanceTimersByTimeAsync(REFRESH_EVERY_MS / 4)
      world.source.say('heartbeat', { server_time: Date.now() })
    }
    expect(market.queries.length - before).toBe(5)
    expect(market.queries.at(-1)).toEqual({ since: market.rev })
  })

  test('a change of a closed bar is marked, a repeat is not', async () => {
    await begin()
    const same = market.put({ ...market.bars.get(5 * MINUTE)! })
    send(same)
    expect(told.corrected).toEqual([])
    send(market.put({ ...same, high: 99 }))
    expect(told.corrected.map(({ high }) => high)).toEqual([99])
  })

  test('a stream reset replaces the bars and fetches history anew', async () => {
    await begin()
    world.source.fail()
    await vi.advanceTimersByTimeAsync(500)
    market.bars.clear()
    for (let minute = 100; minute < 110; minute++) market.put(closed(minute, 0))
    world.source.greet(market.rev, 'reset', { [SERIES]: [...market.bars.values()].slice(-3) })
    expect(feed.list.first?.time).toBe(107 * MINUTE)
    await vi.advanceTimersByTimeAsync(0)
    expect(feed.list.first?.time).toBe(100 * MINUTE)
  })

  test('a reset without candles leaves the chart as it is until history has come', async () => {
    await begin()
    world.source.fail()
    await vi.advanceTimersByTimeAsync(500)
    world.source.greet(market.rev, 'reset')
    expect(feed.list.bars).toHaveLength(10)
  })

  test('the first trade of a series without any is told: what said that there is none must go', async () => {
    await begin(0)
    expect(feed.loading).toBe(false)
    const before = told.changes
    send(market.put(candle(0, 0)))
    expect(told.changes).toBe(before + 1)
    send(market.put(candle(0, 0)))
    expect(told.changes).toBe(before + 1)
  })

  test('scrolling back loads older bars, and says when there are none', async () => {
    await begin(2000)
    expect(feed.list.bars).toHaveLength(600)
    await feed.loadOlder()
    expect(feed.list.bars).toHaveLength(1600)
    await feed.loadOlder()
    expect(feed.list.bars).toHaveLength(2000)
    expect(feed.atStart).toBe(true)
  })

  test('the number of loaded bars is capped; live candles then wait for the way back', async () => {
    await begin(12_000)
    for (let page = 0; page < 10; page++) await feed.loadOlder()
    expect(feed.list.bars).toHaveLength(MAX_BARS)
    expect(feed.detached).toBe(true)
    const live = market.put(candle(12_000 * MINUTE, 0))
    send(live)
    expect(feed.list.last!.time).toBeLessThan(live.time)
    expect(feed.latest).toEqual(live)
    await feed.loadNewer()
    expect(feed.detached).toBe(false)
    expect(feed.list.last).toEqual(live)
    expect(feed.list.bars).toHaveLength(MAX_BARS)
  })

  test('going live from far back loads the newest bars', async () => {
    await begin(12_000)
    for (let page = 0; page < 10; page++) await feed.loadOlder()
    await feed.goLive()
    expect(feed.detached).toBe(false)
    expect(feed.list.last?.time).toBe(11_999 * MINUTE)
  })
})

describe('history that does not come in time', () => {
  test('is not the start of history: the same page is asked for again after a pause, which grows', async () => {
    await begin(2000)
    market.unknown = [[0, 1400 * MINUTE]]
    for (const pauseMs of [5000, 10_000]) {
      await feed.loadOlder()
      expect(feed.list.bars).toHaveLength(600)
      expect(feed.atStart).toBe(false)
      const before = [market.queries.length, told.mayPage]
      await feed.loadOlder()
      await vi.advanceTimersByTimeAsync(pauseMs - 1)
      expect([market.queries.length, told.mayPage]).toEqual(before)
      await vi.advanceTimersByTimeAsync(1)
      expect(told.mayPage).toBe(before[1]! + 1)
    }
    market.unknown = []
    await feed.loadOlder()
    expect(feed.list.bars).toHaveLength(1600)
    expect(feed.gaps).toEqual([[0, 400 * MINUTE]])
  })

  test('left of a part page is asked for from there on, and what is unknown is no start', async () => {
    await begin(2000)
    market.unknown = [[0, 900 * MINUTE]]
    await feed.loadOlder()
    expect(feed.list.first?.time).toBe(900 * MINUTE)
    expect(feed.atStart).toBe(false)
    market.unknown = []
    await feed.loadOlder()
    expect(feed.list.first?.time).toBe(0)
    expect(feed.atStart).toBe(true)
    expect(feed.gaps).toEqual([])
  })

  test('in the middle of a page is named, and fetched with a later refresh', async () => {
    await begin(2000)
    market.unknown = [[1000 * MINUTE, 1010 * MINUTE]]
    await feed.loadOlder()
    expect(feed.gaps).toEqual(market.unknown)
    expect(feed.list.at(1005 * MINUTE)).toBeUndefined()
    market.unknown = []
    for (let beat = 0; beat < 4; beat++) {
      await vi.advanceTimersByTimeAsync(REFRESH_EVERY_MS / 4)
      world.source.say('heartbeat', { server_time: Date.now() })
    }
    expect(feed.gaps).toEqual([])
    expect(feed.list.bars).toHaveLength(1610)
  })

  test('on the way back to the present keeps the live candles away until it is there', async () => {
    await begin(12_000)
    for (let page = 0; page < 10; page++) await feed.loadOlder()
    const last = feed.list.last!.time
    market.unknown = [[last + 1, 12_000 * MINUTE]]
    market.next = 11_990 * MINUTE
    await feed.loadNewer()
    expect(feed.detached).toBe(true)
    expect(feed.gaps).toEqual(market.unknown)
    market.unknown = []
    market.next = null
    await vi.advanceTimersByTimeAsync(5000)
    await feed.loadNewer()
    expect(feed.list.last!.time).toBe(11_999 * MINUTE)
    expect(feed.gaps).toEqual([])
  })

  test('at the first question is no empty series: the page goes on loading', async () => {
    market.put(closed(0, 0))
    market.unknown = [[0, 5 * MINUTE]]
    await feed.start()
    expect(feed.loading).toBe(true)
    expect(feed.problem).toBe('The server does not have the history yet.')
    market.unknown = []
    await vi.advanceTimersByTimeAsync(5000)
    expect(feed.loading).toBe(false)
    expect(feed.list.bars).toHaveLength(1)
  })

  test('a stretch without a trade is passed, not taken for the start', async () => {
    await begin(700)
    market.next = -5000
    market.bars = new Map([...market.bars].slice(-600))
    await feed.loadOlder()
    expect(feed.atStart).toBe(false)
    market.next = null
    await vi.advanceTimersByTimeAsync(5000)
    await feed.loadOlder()
    expect(market.queries.at(-1)?.end).toBe(-5000)
    expect(feed.atStart).toBe(true)
  })
})

describe('any interleaving', () => {
  type Step = { kind: 'trade' | 'revise' | 'send' | 'drop' | 'refresh' | 'poll'; pick: number }
  const steps = fc.array(
    fc.record({
      kind: fc.constantFrom<Step['kind']>('trade', 'revise', 'send', 'send', 'drop', 'refresh', 'poll'),
      pick: fc.integer({ min: 0, max: 1000 }),
    }),
    { minLength: 5, maxLength: 60 },
  )

  test('of snapshot, stream, polls and reconnects ends in exactly the server’s candles', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        await run(script)
        const served = [...market.bars.values()].sort((a, b) => a.time - b.time)
        expect(feed.list.bars).toEqual(served)
        feed.dispose()
      }),
      { numRuns: full ? 3000 : 150 },
    )
  })

  /** Plays the server: what is not sent before a cut is sent at the resume, from 10 s before the id. */
  async function run(script: Step[]): Promise<void> {
    client.stop()
    world = new FakeWorld()
    client = new StreamClient({ shareTabs: false, environment: world.environment })
    market = new FakeMarket()
    world.answer = (url) => {
      const since = Number(url.searchParams.get('since') ?? 0)
      return url.pathname === '/candles'
        ? { candles: [...market.bars.values()].filter(({ rev }) => rev > since), asof: market.rev }
        : { streams: [] }
    }
    makeFeed()
    market.put(closed(0, 0))
    await feed.start()
    let minute = 1
    let waiting: Candle[] = []
    const connect = async () => {
      await vi.advanceTimersByTimeAsync(16_000)
      if (client.status.phase === 'open') return
      const id = Number(world.source.query.get('last_event_id') ?? 0)
      const missed = [...market.bars.values()].filter(({ rev }) => rev > id - 10)
      world.source.greet(market.rev, 'resumed', { [SERIES]: missed })
      waiting = []
    }
    await connect()
    for (const { kind, pick } of script) {
      if (kind === 'trade') {
        if (pick % 3 === 0) minute++
        waiting.push(market.put(candle(minute * MINUTE, 0, { close: pick, closed: pick % 3 === 1 })))
      }
      if (kind === 'revise') {
        const old = [...market.bars.values()][pick % market.bars.size]!
        waiting.push(market.put({ ...old, volume: old.volume + 1 }))
      }
      if (kind === 'send' && client.status.phase === 'open') {
        const next = waiting.shift()
        if (next !== undefined) send(next)
      }
      if (kind === 'drop' && client.status.phase === 'open') world.source.fail()
      if (kind === 'refresh') {
        world.source.say('heartbeat', { server_time: Date.now() })
        await vi.advanceTimersByTimeAsync(pick * 30)
      }
      if (kind === 'poll') await connect()
    }
    await connect()
    while (waiting.length > 0) send(waiting.shift()!)
  }
})
