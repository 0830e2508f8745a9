import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createDatafeed, type DatafeedBar } from '../src/datafeed.js'
import { CandleClient, type CandleClientOptions, LiveSeries } from '../src/index.js'
import { attachCandles, emptyTimes } from '../src/lightweight-charts.js'
import { timeframeMs } from '../src/timeframe.js'
import { candle, FakeWorld, page, problem } from './fakes.js'

const SERIES = 'BTCUSD:1m'
const M = 60_000
let world: FakeWorld

function make(options: CandleClientOptions = {}): CandleClient {
  return new CandleClient({ shareTabs: false, environment: world.environment, ...options })
}

/** Lets everything happen that waits for nothing but its turn. */
const settle = (ms = 50) => vi.advanceTimersByTimeAsync(ms)

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000 })
  world = new FakeWorld()
})
afterEach(() => vi.useRealTimers())

describe('follow', () => {
  test('history, then the stream from where it ended, each candle once', async () => {
    world.serve({ '/candles': page([candle(0, 10), candle(M, 20)]) })
    const client = make()
    const stop = new AbortController()
    const got: number[] = []
    const reading = (async () => {
      for await (const { rev } of client.follow(SERIES, { history: 2, signal: stop.signal })) got.push(rev)
    })()
    await settle()
    expect(world.source.query.get('last_event_id')).toBe('1000')
    world.source.greet(1001, 'resumed', { [SERIES]: [candle(M, 20), candle(2 * M, 30)] })
    await settle()
    stop.abort()
    await reading
    expect(got).toEqual([10, 20, 30])
    await settle(6000)
    expect(world.openStreams).toBe(0)
    client.stop()
  })

  test('a slow reader gets the newest version, and a reset in its place', async () => {
    world.serve({ '/candles': page([]) })
    const client = make()
    const told: unknown[] = []
    const candles = client.follow(SERIES, { onReset: () => told.push('reset') })
    const first = candles.next()
    await settle()
    world.source.greet(1000)
    world.source.say('message', { symbol: 'BTCUSD', timeframe: '1m', ...candle(0, 1001) }, '1001')
    told.push((await first).value?.rev)
    for (const rev of [1002, 1003])
      world.source.say('message', { symbol: 'BTCUSD', timeframe: '1m', ...candle(M, rev) }, String(rev))
    told.push((await candles.next()).value?.rev)
    world.source.fail()
    await settle(1000)
    world.source.greet(50, 'reset', { [SERIES]: [candle(0, 40)] })
    told.push((await candles.next()).value?.rev)
    expect(told).toEqual([1001, 1003, 'reset', 40])
    await candles.return()
    client.stop()
  })

  test('what cannot be had is thrown', async () => {
    const client = make({ url: 'http://c' })
    await expect(client.follow('BTCUSD').next()).rejects.toThrow('write SYMBOL:TIMEFRAME')
    world.serve({ '/candles': () => problem(404, 'There is no symbol X.') })
    await expect(client.follow('X:1m', { history: 5 }).next()).rejects.toThrow('There is no symbol X.')
    world.serve({ '/candles': () => problem(401, 'A key is needed.') })
    const refused = expect(client.follow(SERIES).next()).rejects.toThrow('apiKey')
    await settle()
    world.source.fail()
    await settle()
    await refused
    client.stop()
  })
})

describe('a chart of lightweight-charts', () => {
  test('is filled with history, live candles, corrections, repairs and empty bars for a gap', async () => {
    world.serve({ '/candles': page([candle(0, 1, { closed: true }), candle(3 * M, 4)], { gaps: [[M, 3 * M]] }) })
    const calls: unknown[] = []
    const chart = {
      setData: (bars: { time: number }[]) => calls.push(['all', bars.map(({ time }) => time)]),
      update: (bar: { time: number; close: number }, isOlder: boolean) => calls.push([bar.time, bar.close, isOlder]),
    }
    const client = make()
    const changes: number[] = []
    const stop = attachCandles(chart as never, SERIES, { client, onChange: ({ gaps }) => changes.push(gaps.length) })
    await settle()
    expect(calls).toEqual([['all', [0, 60, 120, 180]]])
    world.source.greet(1000, 'resumed')
    const say = (time: number, rev: number, more: object = {}) =>
      world.source.say('message', { symbol: 'BTCUSD', timeframe: '1m', ...candle(time, rev, more) }, String(rev))
    calls.length = 0
    say(3 * M, 1001, { close: 7 })
    say(0, 1002, { close: 8, closed: true })
    say(4 * M, 1003, { close: 9 })
    expect(calls).toEqual([
      [180, 7, false],
      [0, 8, true],
      [240, 9, false],
    ])
    calls.length = 0
    // A repair finds its place.
    say(M, 1004, { closed: true })
    expect(calls).toEqual([['all', [0, 60, 120, 180, 240]]])
    expect(changes.length).toBeGreaterThan(0)
    stop()
    client.stop()
  })

  test('a quiet minute is no gap', () => {
    const candles = [candle(0, 1), candle(5 * M, 2)]
    expect(emptyTimes(candles, [], M)).toEqual([])
    expect(emptyTimes(candles, [[-M, 2 * M]], M)).toEqual([M])
    expect(emptyTimes(candles, [[4 * M, 90 * M]], M)).toEqual([4 * M])
    expect([timeframeMs('15m'), timeframeMs('1D'), timeframeMs('1M')]).toEqual([15 * M, 86_400_000, null])
  })
})

describe('a live series', () => {
  test('a reset forgets what was held, and history is asked for again', async () => {
    let asked = 0
    world.serve({ '/candles': () => page(asked++ === 0 ? [candle(0, 900)] : [candle(0, 5), candle(M, 6)]) })
    const client = make()
    const series = new LiveSeries(client, SERIES, 10, {})
    await settle()
    world.source.greet(50, 'reset', { [SERIES]: [candle(M, 6)] })
    expect(series.candles.map(({ rev }) => rev)).toEqual([6])
    await settle()
    expect(series.candles.map(({ rev }) => rev)).toEqual([5, 6])
    series.close()
    client.stop()
  })

  test('a page of before a reset that comes late is not taken', async () => {
    const answers: ((answer: Response) => void)[] = []
    const fetch = () => new Promise<Response>((answer) => answers.push(answer))
    const client = make({ environment: { ...world.environment, fetch } })
    const series = new LiveSeries(client, SERIES, 10, {})
    await settle()
    answers[0]!(Response.json(page([candle(0, 900)], { gaps: [[0, M]] })))
    await settle()
    // A gap is mended: history is asked for again, and the answer is slow.
    world.source.greet(1000, 'resumed')
    world.source.say('status', { series: SERIES, state: 'live', connected: true, gaps: [[2 * M, 3 * M]] })
    world.source.fail()
    await settle(1000)
    world.source.greet(50, 'reset', { [SERIES]: [candle(0, 40)] })
    answers.at(-1)!(Response.json(page([candle(0, 40)])))
    answers[1]!(Response.json(page([candle(0, 900)])))
    await settle()
    expect(series.candles.map(({ rev }) => rev)).toEqual([40])
    series.close()
    client.stop()
  })

  test('a gap that history and the stream name is one', async () => {
    world.serve({ '/candles': page([candle(0, 1), candle(9 * M, 2)], { gaps: [[M, 3 * M]] }) })
    const client = make()
    const series = new LiveSeries(client, SERIES, 10, {})
    await settle()
    world.source.greet(1000, 'resumed')
    world.source.say('status', {
      series: SERIES,
      state: 'live',
      connected: true,
      gaps: [
        [6 * M, 7 * M],
        [2 * M, 4 * M],
      ],
    })
    expect(series.gaps).toEqual([
      [M, 4 * M],
      [6 * M, 7 * M],
    ])
    series.close()
    client.stop()
  })

  test('a first answer that fails is told and asked for again', async () => {
    world.serve({ '/candles': () => problem(503, 'Full.') })
    const client = make({ url: 'http://c' })
    const series = new LiveSeries(client, SERIES, 10, {})
    await settle()
    expect(series.error?.message).toContain('Full.')
    world.serve({ '/candles': page([candle(0, 1)]) })
    await settle(1000)
    expect([series.error, series.candles.length]).toEqual([null, 1])
    series.close()
    client.stop()
  })
})

describe("TradingView's datafeed", () => {
  const SYMBOLS = { symbols: [{ symbol: 'BTCUSD', base: 'BTC', quote: 'USD' }] }
  const TIMEFRAMES = {
    timeframes: [{ timeframe: '1m' }, { timeframe: '3h' }, { timeframe: '1D' }, { timeframe: '1M' }],
  }

  const start = (candles: unknown[]) => {
    world.serve({ '/symbols': SYMBOLS, '/timeframes': TIMEFRAMES, '/candles': page(candles) })
    return createDatafeed({ shareTabs: false, environment: world.environment, url: 'http://c', onProblem() {} })
  }

  test('says what there is', async () => {
    const datafeed = start([candle(0, 1, { close: 0.00000123 })])
    const heard: unknown[] = []
    datafeed.onReady((configuration) => heard.push(configuration))
    datafeed.searchSymbols('btc', '', '', (found) => heard.push(found.length))
    datafeed.resolveSymbol(
      'BTCUSD',
      ({ pricescale }) => heard.push(pricescale),
      () => undefined,
    )
    datafeed.resolveSymbol(
      'NOSUCH',
      () => undefined,
      (reason) => heard.push(reason),
    )
    await settle()
    expect(heard).toContainEqual({
      supported_resolutions: ['1', '180', '1D', '1M'],
      supports_time: true,
      supports_marks: false,
    })
    expect(heard).toEqual(expect.arrayContaining([1, 1e8, 'unknown_symbol']))
  })

  test('bars, then ticks from where they ended; a correction asks for the bars anew', async () => {
    const datafeed = start([candle(0, 1), candle(M, 2)])
    const bars: DatafeedBar[] = []
    const period = { from: 0, to: 120, countBack: 2, firstDataRequest: true }
    datafeed.getBars(
      { name: 'BTCUSD' },
      '1',
      period,
      (found) => bars.push(...found),
      () => undefined,
    )
    await settle()
    expect(bars.map(({ time }) => time)).toEqual([0, M])
    const ticks: number[] = []
    let resets = 0
    datafeed.subscribeBars(
      { name: 'BTCUSD' },
      '1',
      ({ time }) => ticks.push(time),
      'one',
      () => resets++,
    )
    await settle()
    expect(world.source.query.get('last_event_id')).toBe('1000')
    world.source.greet(1000, 'resumed')
    for (const [time, rev] of [
      [2 * M, 1001],
      [M, 1002],
    ] as const)
      world.source.say('message', { symbol: 'BTCUSD', timeframe: '1m', ...candle(time, rev) }, String(rev))
    expect([ticks, resets]).toEqual([[2 * M], 1])
    datafeed.unsubscribeBars('one')
    await settle(6000)
    expect(world.openStreams).toBe(0)
  })

  test('a correction that came between the bars and the ticks asks for the bars anew; it is no tick', async () => {
    const datafeed = start([candle(0, 1), candle(M, 2)])
    const period = { from: 0, to: 120, countBack: 2, firstDataRequest: true }
    const ignore = () => undefined
    datafeed.getBars({ name: 'BTCUSD' }, '1', period, ignore, ignore)
    await settle()
    const ticks: number[] = []
    let resets = 0
    const reset = () => resets++
    datafeed.subscribeBars({ name: 'BTCUSD' }, '1', ({ time }) => ticks.push(time), 'one', reset)
    await settle()
    world.source.greet(1001, 'resumed', { [SERIES]: [candle(0, 1001), candle(M, 2)] })
    expect([ticks, resets]).toEqual([[M], 1])
    datafeed.unsubscribeBars('one')
    await settle(6000)
  })

  test('bars that the server cannot have now are an error, not the end of history', async () => {
    const datafeed = start([])
    world.serve({ '/timeframes': TIMEFRAMES, '/candles': page([], { gaps: [[0, M]] }) })
    const heard: string[] = []
    const period = { from: 0, to: 60, countBack: 1, firstDataRequest: false }
    const done = (_: DatafeedBar[], { noData }: { noData: boolean }) => heard.push(`no data: ${noData}`)
    datafeed.getBars({ name: 'BTCUSD' }, '1', period, done, (reason) => heard.push(reason))
    await settle()
    expect(heard).toEqual(['whether there are older bars is not known now: ask again'])
  })

  test('a resolution that the server has not is refused in words', async () => {
    const datafeed = start([])
    const failed: string[] = []
    const period = { from: 0, to: 1, countBack: 1, firstDataRequest: true }
    datafeed.getBars(
      { name: 'BTCUSD' },
      '7',
      period,
      () => undefined,
      (reason) => failed.push(reason),
    )
    await settle()
    expect(failed).toEqual(['the server has no timeframe 7'])
  })
})
