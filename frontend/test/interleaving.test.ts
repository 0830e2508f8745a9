import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { candle } from '../packages/candle-stream/test/fakes'
import type { Candle } from '../src/api/candleStream'
import { beginAnew, client, closed, feed, MINUTE, makeFeed, makeWorld, market, SERIES, send, world } from './oneFeed'
import { full } from './sizes'

beginAnew()

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
    makeWorld()
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
