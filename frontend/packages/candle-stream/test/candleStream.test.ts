import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { CandleClient, CandleStream, createCandleStream, splitSeries } from '../src/index.js'
import { candle, FakeWorld } from './fakes.js'

let world: FakeWorld
let client: CandleClient

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000 })
  world = new FakeWorld()
  client = new CandleClient({ shareTabs: false, environment: world.environment })
})

afterEach(() => {
  client.stop()
  vi.useRealTimers()
})

test('createCandleStream(symbol, timeframe, onCandle) follows one series at once', () => {
  const candles: unknown[] = []
  const stream = createCandleStream('BTCUSD', '1m', (item) => candles.push(item), { client })
  expect(stream).toBeInstanceOf(CandleStream)
  vi.advanceTimersByTime(20)
  expect(stream.connected).toBe(false)
  world.source.greet(1000)
  world.source.say('message', { symbol: 'BTCUSD', timeframe: '1m', ...candle(60_000, 1001) }, '1001')
  expect(candles).toEqual([{ symbol: 'BTCUSD', timeframe: '1m', ...candle(60_000, 1001) }])
  expect(stream.connected).toBe(true)
  world.source.say('status', { series: 'BTCUSD:1m', state: 'reconnecting', connected: false })
  expect(stream.connected).toBe(false)
})

test('no callback comes after close, and it may be connected again', () => {
  const candles: unknown[] = []
  const stream = createCandleStream('BTCUSD', '1m', (item) => candles.push(item), { client })
  vi.advanceTimersByTime(20)
  world.source.greet(1000)
  const first = world.source
  stream.close()
  first.say('message', { symbol: 'BTCUSD', timeframe: '1m', ...candle(60_000, 1001) }, '1001')
  expect(candles).toEqual([])
  expect(world.openStreams).toBe(0)
  stream.connect()
  vi.advanceTimersByTime(20)
  expect(world.openStreams).toBe(1)
})

test('a stream that is closed by its own first callback leaves nothing behind', () => {
  createCandleStream('BTCUSD', '1m', () => {}, { client })
  vi.advanceTimersByTime(20)
  world.source.greet(1000, 'fresh', { 'BTCUSD:1m': [candle(0, 900), candle(60_000, 901)] })
  const heard: string[] = []
  const stream: CandleStream = new CandleStream(
    'BTCUSD',
    '1m',
    ({ rev }) => {
      heard.push(`candle ${rev}`)
      stream.close()
    },
    { client, onState: ({ state }) => heard.push(state), onStatus: () => heard.push('status') },
  )
  stream.connect()
  world.source.say('message', { symbol: 'BTCUSD', timeframe: '1m', ...candle(60_000, 1001) }, '1001')
  expect(heard).toEqual(['candle 900'])
  expect(stream.status).toBeNull()
})

test('streams share a client only where all options are the same', () => {
  const { environment } = world
  const options = { url: 'https://candles.example/', shareTabs: false, environment }
  const streams = [{}, {}, { delta: true }, { snapshot: 500 }].map((more) =>
    createCandleStream('BTCUSD', '1m', () => {}, { ...options, ...more }),
  )
  vi.advanceTimersByTime(20)
  expect(world.sources.map(({ query }) => [query.get('snapshot'), query.get('delta')])).toEqual([
    ['2', null],
    ['2', '1'],
    ['500', null],
  ])
  for (const stream of streams) stream.close()
  expect(world.openStreams).toBe(0)
})

test('two streams share one connection', () => {
  createCandleStream('BTCUSD', '1m', () => {}, { client })
  createCandleStream('BTCF0:USTF0', '1m', () => {}, { client })
  vi.advanceTimersByTime(20)
  expect(world.sources).toHaveLength(1)
  expect(world.source.query.getAll('series')).toEqual(['BTCUSD:1m', 'BTCF0:USTF0:1m'])
  expect(splitSeries('BTCF0:USTF0:1m')).toEqual({ symbol: 'BTCF0:USTF0', timeframe: '1m' })
})
