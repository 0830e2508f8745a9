import { describe, expect, test, vi } from 'vitest'
import { REFRESH_EVERY_MS } from '../src/feed/candleFeed'
import { begin, beginAnew, closed, feed, MINUTE, market, told, world } from './oneFeed'

beginAnew()

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
