import { describe, expect, test } from 'vitest'
import type { ConnectionStatus, SeriesState } from '../src/api/candleStream'
import { type Circumstances, conditionOf } from '../src/feed/condition'
import { ConnectionLog } from '../src/state/connectionLog'

const NOW = 1_700_000_000_000
const connection: ConnectionStatus = {
  phase: 'open',
  attempt: 0,
  nextRetryAt: null,
  reason: null,
  lastMessageAt: NOW,
  lastEventId: 1,
  heartbeatMs: 15_000,
  serverOffsetMs: 0,
  delayMs: 5,
  simulated: false,
  polling: { everyMs: 15_000, lastAt: null, ok: null, error: null, errors: {} },
  role: 'own',
}
const live: SeriesState = { state: 'live', connected: true, gaps: [], at: NOW }

function at(more: Partial<Circumstances> = {}, change: Partial<ConnectionStatus> = {}) {
  const circumstances = {
    name: 'BTCUSD:1m',
    series: live,
    refusal: null,
    gone: null,
    hasBars: true,
    online: true,
    closed: null,
    now: NOW,
    ...more,
  }
  return conditionOf({ ...circumstances, connection: { ...connection, ...change } })
}
const polled = (ok: boolean | null) => ({ everyMs: 15_000, lastAt: NOW, ok, error: null, errors: {} })
const lost = { phase: 'waiting', attempt: 2, nextRetryAt: NOW + 3000, reason: 'dropped' } as const

describe('the word in the pill', () => {
  test('is Live only with an open stream, a live series and a recent message', () => {
    expect(at().kind).toBe('live')
    expect(at({ series: null }).kind).toBe('connecting')
    expect(at({}, { lastMessageAt: NOW - 20_001 }).kind).toBe('stale')
    expect(at({}, { lastMessageAt: NOW - 20_000 }).kind).toBe('live')
    for (const state of ['connecting', 'reconnecting', 'polling', 'down'] as const) {
      expect(at({ series: { ...live, state, connected: false } }).kind).toBe(state)
    }
  })

  test('names the attempt, the interval and the reason the server gives', () => {
    const reconnecting = at({
      series: { ...live, state: 'reconnecting', attempt: 3, retryInMs: 8000, reason: 'silent for 35 s' },
    })
    expect(reconnecting).toMatchObject({ word: 'Reconnecting · 3', retryAt: NOW + 8000 })
    expect(reconnecting.reason).toContain('silent for 35 s')
    expect(at({ series: { ...live, state: 'polling', pollEveryMs: 30_000 } }).word).toBe('Polling · 30 s')
    expect(at({ series: { ...live, state: 'down', reason: 'symbol: invalid' } }).reason).toBe('symbol: invalid')
  })

  test('without a stream it is Reconnecting until a poll has answered, then Polling or Offline', () => {
    expect(at({}, { ...lost, polling: polled(null) })).toMatchObject({ kind: 'reconnecting', canRetry: true })
    expect(at({}, { ...lost, polling: polled(true) })).toMatchObject({ kind: 'polling', word: 'Polling · 15 s' })
    expect(at({}, { ...lost, polling: polled(false) })).toMatchObject({ kind: 'offline', retryAt: NOW + 3000 })
    expect(at({ online: false }, { ...lost, polling: polled(true) }).kind).toBe('offline')
    expect(at({}, { ...lost, phase: 'connecting', polling: polled(true) })).toMatchObject({
      kind: 'polling',
      canRetry: false,
    })
  })

  test('while others are polled, a series that cannot be had is Down with the reason, and the server is not called away', () => {
    const polling = (series: string) => ({ ...polled(true), errors: { [series]: 'Too many series are open.' } })
    const own = at({}, { ...lost, polling: polling('BTCUSD:1m') })
    expect(own).toMatchObject({ kind: 'down', canRetry: true })
    expect(own.reason).toContain('Too many series are open.')
    expect(at({}, { ...lost, polling: polling('ETHUSD:1m') }).kind).toBe('polling')
  })

  test('at the start it is Loading, then Connecting', () => {
    expect(at({ hasBars: false, series: null }, { phase: 'connecting' }).kind).toBe('loading')
    expect(at({ series: null }, { phase: 'connecting' }).kind).toBe('connecting')
  })

  test('a refusal is said in the server’s words', () => {
    const refusal = { status: 404, title: 'Unknown symbol', detail: 'NOPE is not listed.', matches: [] }
    expect(at({ refusal })).toMatchObject({ kind: 'error', reason: 'NOPE is not listed.' })
  })
})

test('the log keeps the last six changes, newest first, and no repeats', () => {
  const log = new ConnectionLog()
  for (let i = 0; i < 9; i++) {
    log.note(at(i % 2 === 0 ? {} : { series: null }), NOW + i)
    log.note(at(i % 2 === 0 ? {} : { series: null }), NOW + i)
  }
  expect(log.events.map((event) => event.at - NOW)).toEqual([8, 7, 6, 5, 4, 3])
})

test('a series that is refused after its candles had come is down, in the server’s words', () => {
  const gone = { status: 404, title: 'Unknown symbol', detail: 'Symbol "BTCUSD" is not listed.', matches: [] }
  expect(at({ gone })).toMatchObject({ kind: 'down', reason: gone.detail })
})
