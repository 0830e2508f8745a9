import { act, createElement } from 'react'
import { createRoot, type Root } from 'react-dom/client'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { CandleClient } from '../src/index.js'
import { useCandles } from '../src/react.js'
import { candle, FakeWorld, page } from './fakes.js'

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true })
let world: FakeWorld
let client: CandleClient
let root: Root
/** What each drawing showed. */
let shown: string[]

function Prices({ series }: { series: string }) {
  const { candles, connected, error } = useCandles(series, { client, history: 5 })
  shown.push(`${series} ${error?.message ?? candles.map(({ rev }) => rev).join()} ${connected ? 'live' : 'not live'}`)
  return null
}

const show = (series: string) => act(() => root.render(createElement(Prices, { series })))
const settle = (ms = 50) => act(() => vi.advanceTimersByTimeAsync(ms))

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000 })
  world = new FakeWorld()
  client = new CandleClient({ shareTabs: false, environment: world.environment })
  root = createRoot(document.createElement('main'))
  shown = []
})
afterEach(() => {
  client.stop()
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

test('history and live candles are drawn, many changes at once, and nothing runs after the end', async () => {
  world.serve({ '/candles': page([candle(0, 1)]) })
  await show('BTCUSD:1m')
  await settle()
  world.source.greet(1000, 'resumed')
  await settle()
  expect(shown.at(-1)).toBe('BTCUSD:1m 1 live')
  const drawings = shown.length
  for (const rev of [1001, 1002, 1003]) {
    const data = { symbol: 'BTCUSD', timeframe: '1m', ...candle(60_000, rev) }
    world.source.say('message', data, String(rev))
  }
  await settle()
  expect(shown.slice(drawings)).toEqual(['BTCUSD:1m 1,1003 live'])
  await act(() => root.unmount())
  await settle(6000)
  expect(world.openStreams).toBe(0)
})

test('another series never shows the candles of the one before', async () => {
  world.answer = (url) => page([candle(0, url.searchParams.get('symbol') === 'ETHUSD' ? 7 : 1)])
  await show('BTCUSD:1m')
  await settle()
  world.source.greet(1000, 'resumed')
  await settle()
  shown = []
  // A change that is drawn soon is waited for when the series changes.
  world.source.say('heartbeat', { server_time: Date.now() })
  await show('ETHUSD:1m')
  await settle()
  expect(new Set(shown)).toEqual(new Set(['ETHUSD:1m  not live', 'ETHUSD:1m 7 not live']))
  await act(() => root.unmount())
  await settle(6000)
})
