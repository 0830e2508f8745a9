import { describe, expect, test } from 'vitest'
import type { ConnectionStatus, SeriesState } from '../src/api/candleStream'
import {
  decimalsFor,
  decimalsOfBar,
  formatCountdown,
  formatMoment,
  formatPercent,
  formatPrice,
  formatVolume,
  formatVolumeTick,
} from '../src/chart/format'
import { fileName, type Origin, titleOf, toCsv } from '../src/chart/tools/export'
import { endOf, timeframeMs } from '../src/feed/timeframes'
import { NO_QUOTE, quoteOf, troubleOf } from '../src/feed/watchlist'
import { bar as flat } from './bars'

const HOUR = 3_600_000
const bar = (close: number, more: object = {}) => ({ ...flat(0), open: close, high: close, low: close, close, ...more })

test.each([
  [96073.3, 1],
  [96073, 0],
  [3290.37, 2],
  [1.4357, 4],
  [1.4, 4],
  [0.8881, 5],
  [0.00031, 8],
  [3.1e-7, 10],
])('%d is shown with %d decimals: five significant digits and what the data has', (close, decimals) => {
  expect(decimalsFor([bar(close)])).toBe(decimals)
})

test('an odd trade with many decimals does not widen the axis, and is read out in full', () => {
  const bars = [...Array(99).fill(bar(65_562)), bar(65_484.493)]
  expect(decimalsFor(bars)).toBe(0)
  expect(decimalsOfBar(bars.at(-1), 0)).toBe(3)
})

test('numbers have separators and a true minus sign', () => {
  expect(formatPrice(96073.3, 1)).toBe('96,073.3')
  expect(formatPercent(-5.214)).toBe('−5.21%')
  expect(formatPercent(0)).toBe('+0.00%')
})

test.each([
  [0, '0.00', '0'],
  [33.14, '33.14', '33.14'],
  [2940, '2.94K', '2.94K'],
  [200, '200.00', '200'],
  [20_000, '20.00K', '20K'],
  [3_000_000, '3.00M', '3M'],
  [0.00031, '0.00031', '0.00031'],
  [3.1e-7, '0.00000031', '0.00000031'],
])('volume %d', (value, text, tick) => {
  expect(formatVolume(value)).toBe(text)
  expect(formatVolumeTick(value)).toBe(tick)
})

test.each([
  [null, '--:--'],
  [106_000, '01:46'],
  [105_001, '01:46'],
  [18_393_000, '5:06:33'],
  [273_600_000, '3d 04h'],
  [-5, '00:00'],
])('countdown of %s ms is %s', (ms, text) => {
  expect(formatCountdown(ms)).toBe(text)
})

test('moments are written in UTC unless asked otherwise', () => {
  expect(formatMoment(Date.UTC(2026, 10, 21, 6, 0), 'utc')).toBe('2026-11-21 06:00 UTC')
})

test('a month ends with the calendar, everything else after its length', () => {
  expect(timeframeMs('1m')).toBe(60_000)
  expect(timeframeMs('1M')).toBeNull()
  expect(timeframeMs('14D')).toBe(14 * 86_400_000)
  expect(endOf(Date.UTC(2026, 0, 1), '1M')).toBe(Date.UTC(2026, 1, 1))
  expect(endOf(Date.UTC(2026, 11, 1), '1M')).toBe(Date.UTC(2027, 0, 1))
  expect(endOf(0, '3h')).toBe(10_800_000)
})

describe('an export', () => {
  const at = Date.UTC(2026, 0, 2, 3, 4, 5)
  const origin: Origin = { symbol: 'DOGE:USD', name: 'DOGE/USD', timeframe: '1m', simulated: false, old: false, at }

  test('as CSV has a header, ISO times, every value as it came, and in every row its series, source and time', () => {
    const text = toCsv([bar(3.1e-7, { time: Date.UTC(2026, 0, 1), volume: 0.5 })], origin)
    expect(text).toBe(
      'symbol,timeframe,time,open,high,low,close,volume,closed,source,exported_at\n' +
        'DOGE:USD,1m,2026-01-01T00:00:00.000Z,3.1e-7,3.1e-7,3.1e-7,3.1e-7,0.5,true,Bitfinex,2026-01-02T03:04:05.000Z\n',
    )
  })

  test('names series, source and time, and says SIMULATED or that the prices are old', () => {
    expect(titleOf(origin)).toBe('DOGE/USD · 1m · Bitfinex · 2026-01-02 03:04 UTC · CandleStream')
    expect(fileName(origin, 'png')).toBe('DOGE-USD-1m-20260102-0304Z.png')
    const simulated = { ...origin, simulated: true }
    expect(titleOf(simulated)).toContain('SIMULATED')
    expect(fileName(simulated, 'csv')).toBe('DOGE-USD-1m-20260102-0304Z-SIMULATED.csv')
    expect(toCsv([bar(1)], simulated)).toContain(',SIMULATED,')
    expect(titleOf({ ...origin, simulated: null })).toContain('unknown')
    expect(titleOf({ ...origin, old: true })).toContain('OLD PRICES')
  })
})

test('a quote is the last 24 hours of hourly candles, counted from now', () => {
  const hours = Array.from({ length: 30 }, (_, hour) => bar(100 + hour, { time: hour * HOUR, high: 200 - hour }))
  expect(quoteOf(hours, 29 * HOUR)).toMatchObject({ last: 129, high: 194, low: 106, volume: 24 })
  expect(quoteOf(hours, 29 * HOUR).changePercent).toBeCloseTo((129 / 106 - 1) * 100)
  // Nothing was traded for ten hours: they belong to the day as well.
  expect(quoteOf(hours, 39 * HOUR)).toMatchObject({ last: 129, low: 116, volume: 14 })
  expect(quoteOf([], 0)).toBe(NO_QUOTE)
})

test('a market of another date has a last price and no day', () => {
  for (const now of [1000 * HOUR, -1000 * HOUR]) {
    expect(quoteOf([bar(5, { time: 0 }), bar(7, { time: HOUR })], now)).toEqual({ ...NO_QUOTE, last: 7, spark: [7] })
  }
})

test('a quote is old where the series was refused, or is fed neither by push nor by polling', () => {
  const streaming = { phase: 'open', polling: { ok: null, errors: {} } } as ConnectionStatus
  const polled = (ok: boolean, errors = {}) => ({ phase: 'waiting', polling: { ok, errors } }) as ConnectionStatus
  const state = (name: SeriesState['state'], reason?: string) =>
    ({ state: { state: name, reason }, refusal: null }) as Parameters<typeof troubleOf>[2]
  for (const name of ['live', 'polling'] as const) {
    expect(troubleOf('BTCUSD:1h', streaming, state(name))).toBeNull()
    expect(troubleOf('BTCUSD:1h', polled(true), state(name))).toBeNull()
  }
  expect(troubleOf('BTCUSD:1h', streaming, { state: null, refusal: null })).toBeNull()
  expect(troubleOf('BTCUSD:1h', streaming, state('down', 'symbol: invalid'))).toContain('down: symbol: invalid')
  expect(troubleOf('BTCUSD:1h', polled(false), state('live'))).toContain('no connection')
  expect(troubleOf('BTCUSD:1h', polled(true, { 'BTCUSD:1h': 'Busy.' }), state('live'))).toContain('Busy.')
  const refusal = { status: 404, title: 'Unknown', detail: 'Not listed.', matches: [] }
  expect(troubleOf('BTCUSD:1h', streaming, { state: null, refusal })).toBe('Not listed.')
})
