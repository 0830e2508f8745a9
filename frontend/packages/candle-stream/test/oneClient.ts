import { afterEach, beforeEach, expect, vi } from 'vitest'
import { type Candle, type SeriesState, StreamClient, type StreamClientOptions } from '../src/index.js'
import { FakeWorld } from './fakes.js'

export const SERIES = 'BTCUSD:1m'
export let world: FakeWorld
export let client: StreamClient

export function start(options: StreamClientOptions = {}): StreamClient {
  client = new StreamClient({ shareTabs: false, environment: world.environment, ...options })
  return client
}

/** Subscribes and notes everything heard. */
export function listen(series = SERIES, since?: number) {
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

export function open(asof = 1000): void {
  vi.advanceTimersByTime(20)
  world.source.greet(asof)
}

/** Every test begins with a new client in a new world, and leaves neither timers nor watchers behind. */
export function beginAnew(): void {
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
}
