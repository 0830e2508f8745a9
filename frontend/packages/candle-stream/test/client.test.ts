import { describe, expect, test, vi } from 'vitest'
import { candle } from './fakes.js'
import { beginAnew, client, listen, open, SERIES, start, world } from './oneClient.js'

beginAnew()

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
