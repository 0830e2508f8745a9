import { describe, expect, test, vi } from 'vitest'
import { candle } from './fakes.js'
import { beginAnew, client, listen, open, SERIES, start, world } from './oneClient.js'

beginAnew()

describe('when the stream is lost', () => {
  test('it waits 1, 2, 4, 8, 16, 16 s with up to half of it taken off', () => {
    listen()
    vi.advanceTimersByTime(20)
    const waits: number[] = []
    for (let attempt = 0; attempt < 6; attempt++) {
      world.random = 0.9999
      world.source.fail()
      waits.push(Math.round((client.status.nextRetryAt! - Date.now()) / 1000))
      vi.advanceTimersByTime(client.status.nextRetryAt! - Date.now())
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 16])
    world.random = 0
    world.source.fail()
    expect(client.status.nextRetryAt! - Date.now()).toBe(8000)
  })

  test('the count starts anew only after 10 s of stable stream', () => {
    listen()
    open()
    world.source.fail()
    vi.advanceTimersByTime(500)
    world.source.greet(2000)
    vi.advanceTimersByTime(9999)
    expect(client.status.attempt).toBe(1)
    vi.advanceTimersByTime(1)
    expect(client.status.attempt).toBe(0)
  })

  test('it resumes from the last id, or the seam', () => {
    listen()
    open(1234)
    world.source.fail()
    vi.advanceTimersByTime(500)
    expect(world.source.query.get('last_event_id')).toBe('1234')
    world.source.fail()
    vi.advanceTimersByTime(1000)
    expect(world.source.query.get('last_event_id')).toBe('1234')
  })

  test('what comes before the seam does not count as complete', () => {
    listen()
    vi.advanceTimersByTime(20)
    world.source.open()
    world.source.say('snapshot', { series: SERIES, candles: [candle(0, 77)] })
    world.source.fail()
    vi.advanceTimersByTime(500)
    expect(world.source.query.has('last_event_id')).toBe(false)
  })

  test('a subscriber that holds history starts the stream at its asof', () => {
    listen(SERIES, 900)
    listen('ETHUSD:5m', 700)
    vi.advanceTimersByTime(20)
    expect(world.source.query.get('last_event_id')).toBe('700')
  })

  test('a silent stream is given up after two missed heartbeats, one that never says a word after 15 s', () => {
    listen()
    vi.advanceTimersByTime(20)
    vi.advanceTimersByTime(14_999)
    expect(client.status.phase).toBe('connecting')
    vi.advanceTimersByTime(1)
    expect(client.status).toMatchObject({ phase: 'waiting', reason: 'silent' })
    vi.advanceTimersByTime(500)
    world.source.greet(1)
    vi.advanceTimersByTime(30_000)
    world.source.say('heartbeat', { server_time: Date.now() })
    vi.advanceTimersByTime(34_999)
    expect(client.status.phase).toBe('open')
    vi.advanceTimersByTime(1)
    expect(client.status.reason).toBe('silent')
  })

  test('EventSource that cannot even be made leads to polling', async () => {
    client.stop()
    world.answer = (url) => (url.pathname === '/candles' ? { candles: [candle(0, 5)], asof: 9 } : { streams: [] })
    start({ environment: { ...world.environment, openEventSource: null } })
    const { candles } = listen()
    await vi.advanceTimersByTimeAsync(20)
    expect(candles).toHaveLength(1)
    expect(client.status.polling.ok).toBe(true)
    // Nobody has said whose prices these are.
    expect(client.status.simulated).toBeNull()
  })
})

describe('polling', () => {
  test('starts at once, asks for what changed since 10 s before the id, comes every 15 s and ends with the stream', async () => {
    const { candles, states } = listen()
    const id = 1_700_000_000_000_000
    open(id)
    let rev = id + 1000
    world.answer = (url) => {
      if (url.pathname === '/candles/stream/status') {
        const streams = [{ key: SERIES, state: 'polling', connected: false, poll_every_ms: 15_000 }]
        return { simulated: true, streams }
      }
      return { candles: [candle(60_000, ++rev)], asof: rev }
    }
    world.source.fail()
    await vi.advanceTimersByTimeAsync(0)
    expect(world.requests[0]).toBe(`/candles?symbol=BTCUSD&timeframe=1m&since=${id - 10_000_000}`)
    expect(candles.at(-1)?.rev).toBe(id + 1001)
    expect(states.at(-1)?.state).toBe('polling')
    expect(client.status.polling).toMatchObject({ ok: true, everyMs: 15_000 })
    expect(client.status.simulated).toBe(true)
    world.source.fail()
    await vi.advanceTimersByTimeAsync(15_000)
    expect(candles.at(-1)?.rev).toBe(id + 1002)
    world.source.greet(id + 3000, 'resumed')
    const before = world.requests.length
    await vi.advanceTimersByTimeAsync(60_000 - 30_000)
    expect(world.requests).toHaveLength(before)
  })

  test('tells server time: an answer’s asof, whatever the clock of this machine says', async () => {
    listen()
    open()
    const ahead = 3 * 3_600_000
    world.answer = (url) =>
      url.pathname === '/candles' ? { candles: [], asof: (Date.now() - ahead) * 1000 } : { streams: [] }
    world.source.fail()
    await vi.advanceTimersByTimeAsync(0)
    expect(client.status.serverOffsetMs).toBe(-ahead)
  })

  test('finds out at once that the server is gone when reconnecting fails, but asks no more often than every 2 s', async () => {
    listen()
    open()
    world.answer = (url) => (url.pathname === '/candles' ? { candles: [], asof: 2000 } : { streams: [] })
    world.source.say('bye', { retry_ms: 1000 })
    world.source.fail()
    await vi.advanceTimersByTimeAsync(0)
    expect(client.status.polling.ok).toBe(true)
    world.answer = () => null
    const before = world.requests.length
    await vi.advanceTimersByTimeAsync(1000)
    world.source.fail()
    await vi.advanceTimersByTimeAsync(0)
    expect(world.requests).toHaveLength(before)
    await vi.advanceTimersByTimeAsync(1000)
    world.source.fail()
    await vi.advanceTimersByTimeAsync(0)
    expect(world.requests).toHaveLength(before + 1)
    expect(client.status.polling.ok).toBe(false)
  })

  test('a failed poll is said, and a Retry-After is respected', async () => {
    listen()
    open()
    world.answer = () => Response.json({ title: 'Slow down' }, { status: 429, headers: { 'Retry-After': '40' } })
    world.source.fail()
    await vi.advanceTimersByTimeAsync(0)
    expect(client.status.polling).toMatchObject({ ok: false, everyMs: 40_000 })
    const before = world.requests.length
    for (let second = 0; second < 39; second++) {
      await vi.advanceTimersByTimeAsync(1000)
      world.source.fail()
    }
    expect(world.requests).toHaveLength(before)
  })

  test('a series that cannot be had now does not keep the others from being polled', async () => {
    listen('FULLUSD:1m')
    const { candles } = listen()
    open()
    world.answer = (url) => {
      if (url.pathname !== '/candles') return { streams: [] }
      return url.searchParams.get('symbol') === 'FULLUSD'
        ? Response.json({ title: 'Busy', detail: 'Too many series are open.' }, { status: 503 })
        : { candles: [candle(0, 2000)], asof: 2000 }
    }
    world.source.fail()
    await vi.advanceTimersByTimeAsync(0)
    expect(candles).toHaveLength(1)
    expect(client.status.polling).toMatchObject({ ok: true, errors: { 'FULLUSD:1m': 'Too many series are open.' } })
  })

  test.each([401, 429, null])(
    'a server that is not there, or does not want to be asked, is asked once a round: %s',
    async (status) => {
      listen('ETHUSD:1m')
      listen()
      open()
      world.answer = () => (status === null ? null : Response.json({ title: 'No' }, { status }))
      world.source.fail()
      await vi.advanceTimersByTimeAsync(0)
      expect(world.requests).toHaveLength(1)
      expect(client.status.polling).toMatchObject({ ok: false })
    },
  )

  test('without a snapshot it asks for one candle of a series it knows nothing of: none would be refused', async () => {
    client.stop()
    start({ snapshot: 0 })
    listen()
    vi.advanceTimersByTime(20)
    expect(world.source.query.get('snapshot')).toBe('0')
    world.source.fail()
    await vi.advanceTimersByTimeAsync(0)
    expect(world.requests[0]).toBe('/candles?symbol=BTCUSD&timeframe=1m&limit=1')
  })

  test('a series that does not exist is refused in the server’s words; the others go on', async () => {
    const bad = listen('NOPEUSD:1m')
    listen()
    vi.advanceTimersByTime(20)
    world.answer = (url) =>
      url.searchParams.get('symbol') === 'NOPEUSD'
        ? Response.json({ title: 'Unknown symbol', detail: 'NOPEUSD is not listed.' }, { status: 404 })
        : { candles: [], asof: 1 }
    world.source.fail()
    await vi.advanceTimersByTimeAsync(1000)
    expect(bad.refused).toEqual(['NOPEUSD is not listed.'])
    expect(world.source.query.getAll('series')).toEqual([SERIES])
  })

  test('a too old rev makes the answer a new beginning', async () => {
    const { resets } = listen()
    open(1000)
    world.answer = (url) =>
      url.pathname === '/candles' ? { candles: [candle(0, 5)], asof: 9, reset: true } : { streams: [] }
    world.source.fail()
    await vi.advanceTimersByTimeAsync(0)
    expect(resets.map((list) => list.length)).toEqual([1])
  })

  test('a hidden page does not poll', async () => {
    listen()
    open()
    world.hidden = true
    world.source.fail()
    await vi.advanceTimersByTimeAsync(20_000)
    expect(world.requests).toEqual([])
  })
})
