import { describe, expect, test, vi } from 'vitest'
import { candle } from '../packages/candle-stream/test/fakes'
import { HttpProblem } from '../src/api/candleStream'
import { MAX_BARS, REFRESH_EVERY_MS } from '../src/feed/candleFeed'
import { begin, beginAnew, closed, feed, MINUTE, makeFeed, market, SERIES, send, told, world } from './oneFeed'

beginAnew()

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
    expect(feed.isCutOff).toBe(false)
  })

  test('where the exchange keeps nothing older, that is not the start of history', async () => {
    market.oldest = 0
    await begin(300)
    expect(feed.atStart).toBe(true)
    expect(feed.isCutOff).toBe(true)
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
