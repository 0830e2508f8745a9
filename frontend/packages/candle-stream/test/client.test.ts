import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Candle, type SeriesState, StreamClient, type StreamClientOptions } from '../src/index.js'
import { candle, FakeWorld } from './fakes.js'

const SERIES = 'BTCUSD:1m'
let world: FakeWorld
let client: StreamClient

function start(options: StreamClientOptions = {}): StreamClient {
  client = new StreamClient({ shareTabs: false, environment: world.environment, ...options })
  return client
}

/** Subscribes and notes everything heard. */
function listen(series = SERIES, since?: number) {
  const heard = {
    candles: [] as Candle[],
    resets: [] as Candle[][],
    states: [] as SeriesState[],
    refused: [] as string[],
  }
  const stop = client.subscribe(
    series,
    {
      onCandles: (candles) => heard.candles.push(...candles),
      onReset: (candles) => heard.resets.push([...candles]),
      onState: (state) => heard.states.push(state),
      onRefused: (refusal) => heard.refused.push(refusal.detail),
    },
    since === undefined ? {} : { since },
  )
  return { ...heard, stop }
}

function open(asof = 1000): void {
  vi.advanceTimersByTime(20)
  world.source.greet(asof)
}

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000 })
  world = new FakeWorld()
  start()
})

afterEach(() => {
  client.stop()
  expect(vi.getTimerCount()).toBe(0)
  expect(world.watchers).toBe(0)
  vi.useRealTimers()
})

describe('whose prices they are', () => {
  test('a server that greets before it has heard from the exchange is asked again when a series becomes live', async () => {
    listen()
    vi.advanceTimersByTime(20)
    world.source.open()
    world.source.say('hello', { server_time: Date.now(), heartbeat_ms: 15_000, simulated: false })
    world.source.say('status', { series: SERIES, state: 'connecting', connected: false, gaps: [] })
    world.source.say('synced', { asof: 1, series: { [SERIES]: 'fresh' } }, '1')
    expect(client.status.simulated).toBeNull()
    world.answer = () => ({ simulated: true, streams: [] })
    world.source.say('status', { series: SERIES, state: 'live', connected: true, gaps: [] })
    await vi.waitFor(() => expect(client.status.simulated).toBe(true))
    expect(world.requests).toHaveLength(1)
    world.source.say('status', { series: SERIES, state: 'live', connected: true, gaps: [] })
    expect(world.requests).toHaveLength(1)
  })

  test('one with a live series is believed at once', () => {
    listen()
    open()
    expect(client.status.simulated).toBe(false)
    expect(world.requests).toEqual([])
  })
})

describe('one connection', () => {
  test('any number of series and subscribers share it', () => {
    listen()
    listen()
    listen('ETHUSD:5m')
    open()
    expect(world.sources).toHaveLength(1)
    expect(world.source.query.getAll('series')).toEqual([SERIES, 'ETHUSD:5m'])
  })

  test('a new series opens it anew, and a late subscriber gets what is already here', () => {
    listen()
    open()
    world.source.say('message', { symbol: 'BTCUSD', timeframe: '1m', ...candle(60_000, 1001) }, '1001')
    const late = listen()
    expect(late.candles.map(({ rev }) => rev)).toEqual([1001])
    expect(late.states.map(({ state }) => state)).toEqual(['live'])
    listen('ETHUSD:5m')
    vi.advanceTimersByTime(20)
    expect(world.sources).toHaveLength(2)
    expect(world.openStreams).toBe(1)
    expect(world.source.query.get('last_event_id')).toBe('1001')
  })

  test('the last subscriber out closes it', () => {
    const { stop } = listen()
    open()
    stop()
    expect(world.openStreams).toBe(0)
    expect(client.status.phase).toBe('idle')
  })

  test('it asks for no more candles at its start than the server gives on one stream', () => {
    client.stop()
    start({ snapshot: 500 })
    for (let index = 0; index < 20; index++) listen(`COIN${index}USD:1m`)
    open()
    expect(world.source.query.get('snapshot')).toBe('500')
    listen()
    vi.advanceTimersByTime(20)
    expect(world.source.query.get('snapshot')).toBe('476')
  })

  test('series beyond the hundred of one stream are refused with the reason, and follow when others leave', () => {
    const many = Array.from({ length: 100 }, (_, index) => listen(`COIN${index}USD:1m`))
    const { refused, states } = listen()
    open()
    expect(world.source.query.getAll('series')).toHaveLength(100)
    expect(refused).toEqual([expect.stringContaining('100 series at most')])
    const late = listen()
    expect(late.refused).toHaveLength(1)
    many[5]!.stop()
    open(2000)
    expect(world.source.query.getAll('series')).toContain(SERIES)
    expect(states.map(({ state }) => state)).toEqual(['live'])
    expect(listen().refused).toEqual([])
    expect(many.flatMap((one) => one.refused)).toEqual([])
  })

  test('a series nobody wants any more leaves with the next pause, not at once', () => {
    listen()
    const { stop } = listen('ETHUSD:5m')
    open()
    stop()
    expect(world.sources).toHaveLength(1)
    vi.advanceTimersByTime(5000)
    expect(world.source.query.getAll('series')).toEqual([SERIES])
  })

  test('a series that left and comes back while the stream still has it is streamed anew, from its subscriber’s asof', () => {
    listen()
    const { stop } = listen('ETHUSD:5m')
    open(1000)
    stop()
    world.source.say('message', { symbol: 'ETHUSD', timeframe: '5m', ...candle(60_000, 1500) }, '1500')
    const { candles, states } = listen('ETHUSD:5m', 1400)
    open(2000)
    expect(world.sources).toHaveLength(2)
    expect(world.source.query.get('last_event_id')).toBe('1400')
    expect(states.map(({ state }) => state)).toEqual(['live'])
    world.source.say('message', { symbol: 'ETHUSD', timeframe: '5m', ...candle(60_000, 2001) }, '2001')
    expect(candles.map(({ rev }) => rev)).toEqual([2001])
    vi.advanceTimersByTime(5000)
    expect(world.sources).toHaveLength(2)
  })
})

describe('what the server says', () => {
  test('only candles newer by rev are passed on', () => {
    const { candles } = listen()
    open()
    for (const rev of [1005, 1004, 1005, 1006]) {
      world.source.say('message', { symbol: 'BTCUSD', timeframe: '1m', ...candle(60_000, rev) }, String(rev))
    }
    expect(candles.map(({ rev }) => rev)).toEqual([1005, 1006])
  })

  test('a reset forgets revs and candles, and starts with what this connection has brought', () => {
    const { candles, resets } = listen()
    open(5000)
    world.source.say('message', { symbol: 'BTCUSD', timeframe: '1m', ...candle(60_000, 5001) }, '5001')
    world.source.fail()
    vi.advanceTimersByTime(1000)
    world.source.greet(100, 'reset', { [SERIES]: [candle(0, 50, { closed: true }), candle(60_000, 60)] })
    expect(resets).toHaveLength(1)
    expect(resets[0]!.map(({ rev }) => rev)).toEqual([50, 60])
    world.source.say('message', { symbol: 'BTCUSD', timeframe: '1m', ...candle(60_000, 101) }, '101')
    expect(candles.at(-1)?.rev).toBe(101)
    world.source.fail()
    vi.advanceTimersByTime(2000)
    expect(world.source.query.get('last_event_id')).toBe('101')
  })

  test('a snapshot after the seam is merged, not a new beginning', () => {
    const { candles, resets } = listen()
    open()
    world.source.say('snapshot', { series: SERIES, candles: [candle(0, 1, { closed: true }), candle(60_000, 1002)] })
    expect(candles.map(({ time }) => time)).toEqual([0, 60_000])
    expect(resets).toEqual([])
  })

  test('deltas become candles; one without its base ends the connection, which resumes', () => {
    const { candles } = listen()
    open()
    world.source.say('message', { symbol: 'BTCUSD', timeframe: '1m', ...candle(60_000, 1001) }, '1001')
    world.source.say('delta', { series: SERIES, time: 60_000, rev: 1002, base: 1001, close: 1.7, volume: 11 }, '1002')
    expect(candles.at(-1)).toMatchObject({ rev: 1002, open: 1, close: 1.7, volume: 11 })
    world.source.say('delta', { series: SERIES, time: 60_000, rev: 1004, base: 1003, close: 1.8 }, '1004')
    expect(client.status).toMatchObject({ phase: 'waiting', reason: 'garbled' })
    vi.advanceTimersByTime(500)
    expect(world.source.query.get('last_event_id')).toBe('1002')
  })

  test.each([
    ['message', '{"symbol":"BTCUSD","timefr'],
    ['message', '[]'],
    ['message', '{"symbol":"BTCUSD","timeframe":"1m","time":"now","rev":1}'],
    ['snapshot', '{"series":"BTCUSD:1m","candles":{}}'],
    ['synced', 'null'],
    ['status', '{"series":"BTCUSD:1m","state":"splendid"}'],
    ['heartbeat', ''],
    ['hello', '{}'],
  ])('a malformed %s is ignored: %s', (name, data) => {
    const { candles } = listen()
    open()
    world.source.say(name, data)
    world.source.say('message', { symbol: 'BTCUSD', timeframe: '1m', ...candle(60_000, 1001) }, '1001')
    expect(candles).toHaveLength(1)
    expect(client.status.phase).toBe('open')
  })

  test('bye is a planned return at the named time, not a failure', () => {
    listen()
    open()
    world.source.say('bye', { reason: 'shutdown', retry_ms: 3000 })
    expect(client.status).toMatchObject({ phase: 'waiting', reason: 'bye', attempt: 0 })
    vi.advanceTimersByTime(2999)
    expect(world.openStreams).toBe(0)
    vi.advanceTimersByTime(1)
    expect(world.openStreams).toBe(1)
  })

  test('a server of an older version, which sends candles only, works', () => {
    const { candles } = listen()
    vi.advanceTimersByTime(20)
    world.source.open()
    world.source.say('message', { symbol: 'BTCUSD', timeframe: '1m', ...candle(60_000, 1) })
    expect(client.status.phase).toBe('open')
    expect(candles).toHaveLength(1)
  })

  test('the clock of the server and the delay are measured, also with a local clock wrong by hours', () => {
    listen()
    vi.advanceTimersByTime(20)
    const ahead = 5 * 3_600_000
    vi.advanceTimersByTime(40)
    world.source.say('hello', { server_time: Date.now() + ahead - 20, heartbeat_ms: 15_000, simulated: true })
    expect(client.status).toMatchObject({ simulated: true, serverOffsetMs: ahead })
    world.source.say('synced', { asof: 1, series: { [SERIES]: 'fresh' } }, '1')
    const rev = (Date.now() + ahead) * 1000
    vi.advanceTimersByTime(30)
    world.source.say('message', { symbol: 'BTCUSD', timeframe: '1m', ...candle(60_000, rev) }, String(rev))
    expect(client.status.delayMs).toBe(30)
  })
})

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

describe('the life of a page', () => {
  test('put away it lets go of everything, brought back it resumes', () => {
    listen()
    open(1000)
    world.change('put-away')
    expect(world.openStreams).toBe(0)
    expect(vi.getTimerCount()).toBe(0)
    world.change('brought-back')
    vi.advanceTimersByTime(20)
    expect(world.source.query.get('last_event_id')).toBe('1000')
  })

  test('waking from sleep finds the dead stream without waiting for its timer', () => {
    listen()
    open()
    vi.setSystemTime(Date.now() + 3_600_000)
    world.change('visible')
    expect(client.status.reason).toBe('silent')
  })

  test('coming back to the page or the network tries at once', () => {
    listen()
    open()
    world.source.fail()
    world.change('online')
    expect(world.openStreams).toBe(1)
  })
})
