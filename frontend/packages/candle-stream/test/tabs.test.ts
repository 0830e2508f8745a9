import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { StreamClient } from '../src/index.js'
import { candle, FakeChannels, FakeLocks, FakeWorld } from './fakes.js'

const SERIES = 'BTCUSD:1m'
let world: FakeWorld
let locks: FakeLocks
let channels: FakeChannels
let tabs: StreamClient[]

function openTab(): StreamClient {
  world.random = (tabs.length + 1) / 64
  const environment = { ...world.environment, locks, openChannel: channels.open }
  const tab = new StreamClient({ environment })
  tabs.push(tab)
  return tab
}

function revsOf(tab: StreamClient, series = SERIES): number[] {
  const revs: number[] = []
  tab.subscribe(series, { onCandles: (candles) => revs.push(...candles.map(({ rev }) => rev)) })
  return revs
}

function say(rev: number, time = 60_000): void {
  world.source.say('message', { symbol: 'BTCUSD', timeframe: '1m', ...candle(time, rev) }, String(rev))
}

const settle = () => vi.advanceTimersByTimeAsync(30)

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000 })
  world = new FakeWorld()
  locks = new FakeLocks()
  channels = new FakeChannels()
  tabs = []
})

afterEach(async () => {
  for (const tab of tabs) tab.stop()
  await vi.advanceTimersByTimeAsync(0)
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

test('eight tabs hold one stream, and all of them get every candle', async () => {
  const heard = Array.from({ length: 8 }, () => revsOf(openTab()))
  await settle()
  expect(world.openStreams).toBe(1)
  world.source.greet(1000)
  say(1001)
  say(1002)
  for (const revs of heard) expect(revs).toEqual([1001, 1002])
  expect(tabs.map((tab) => tab.status.role)).toEqual(['leader', ...Array(7).fill('follower')])
  expect(tabs.every((tab) => tab.status.phase === 'open')).toBe(true)
  expect(tabs.every((tab) => tab.stateOf(SERIES)?.state === 'live')).toBe(true)
})

test('a tab that comes late is handed what the leader holds', async () => {
  revsOf(openTab())
  await settle()
  world.source.greet(1000)
  say(1001)
  const late = revsOf(openTab())
  await settle()
  expect(late).toEqual([1001])
  expect(tabs[1]!.stateOf(SERIES)?.state).toBe('live')
  expect(tabs[1]!.status.phase).toBe('open')
})

test('the leader, too, is handed what it streams for another tab', async () => {
  const stop = openTab().subscribe('ETHUSD:5m', {})
  revsOf(openTab())
  await settle()
  world.source.greet(1000)
  say(1001)
  const joined = revsOf(tabs[0]!)
  stop()
  await settle()
  say(1002)
  expect(tabs[0]!.status.role).toBe('leader')
  expect(joined).toEqual([1001, 1002])
  expect(tabs[0]!.stateOf(SERIES)?.state).toBe('live')
})

test('the leader streams the union of what all tabs want', async () => {
  revsOf(openTab())
  revsOf(openTab(), 'ETHUSD:5m')
  await settle()
  expect(world.source.query.getAll('series').sort()).toEqual([SERIES, 'ETHUSD:5m'])
  tabs[1]!.stop()
  await vi.advanceTimersByTimeAsync(6000)
  expect(world.source.query.getAll('series')).toEqual([SERIES])
})

test('when the leading tab is closed another one goes on from the last id, without a hole', async () => {
  revsOf(openTab())
  const heard = revsOf(openTab())
  await settle()
  world.source.greet(1000)
  say(1001)
  world.source.say('heartbeat', { server_time: Date.now() })
  tabs[0]!.stop()
  await settle()
  expect(world.openStreams).toBe(1)
  expect(world.source.query.get('last_event_id')).toBe('1001')
  world.source.greet(1002, 'resumed')
  say(1003)
  expect(heard).toEqual([1001, 1003])
  expect(tabs[1]!.status.role).toBe('leader')
})

test('a frozen leader loses the lead to a tab that hears nothing', async () => {
  revsOf(openTab())
  const heard = revsOf(openTab())
  await settle()
  world.source.greet(1000)
  const frozen = world.source
  channels.freeze(1)
  await vi.advanceTimersByTimeAsync(36_000)
  expect(tabs[1]!.status.role).toBe('leader')
  expect(world.source).not.toBe(frozen)
  world.source.greet(2000, 'resumed')
  say(2001)
  expect(heard).toEqual([2001])
  expect(frozen.closed).toBe(true)
})

test('retrying from a tab that follows reaches the one that leads', async () => {
  revsOf(openTab())
  revsOf(openTab())
  await settle()
  world.source.greet(1000)
  world.source.fail()
  expect(tabs[1]!.status.phase).toBe('waiting')
  tabs[1]!.reconnect()
  expect(world.openStreams).toBe(1)
})
