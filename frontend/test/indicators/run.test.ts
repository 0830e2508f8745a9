import { describe, expect, it } from 'vitest'
import type { Candle, Gap } from '../../src/api/candleStream'
import { anchorOf, IndicatorRun, isFirm } from '../../src/chart/tools/indicators/run'
import { indicatorOf } from '../../src/chart/tools/indicators/table'
import { profileOf } from '../../src/chart/tools/indicators/volumeProfile'
import { readLayout } from '../../src/state/tools/layout'
import { candles } from './candles.mjs'

const MINUTE = 60_000
const run = (id: string, parameters: number[]) => new IndicatorRun(indicatorOf(id)!, parameters)

describe('a gap', () => {
  const all = candles(300)
  const gap: Gap = [all[100]!.time, all[150]!.time]
  const bars = all.filter(({ time }) => time < gap[0] || time >= gap[1])

  it('has an indicator start anew: its values are those of the bars after it alone', () => {
    const [cut, alone] = [run('EMA', [50]), run('EMA', [50])]
    cut.take(bars, [gap], '1m', true)
    alone.take(all.slice(150), [], '1m', true)
    expect(cut.readings.slice(-150).map(({ values }) => values)).toEqual(alone.readings.map(({ values }) => values))
    const after = cut.at(all[179]!.time)!
    expect(after).toMatchObject({ seen: 30, needed: 50, sinceGap: true })
    expect(isFirm(after)).toBe(false)
    expect(isFirm(cut.at(all[199]!.time)!)).toBe(true)
    expect(isFirm(cut.at(all[99]!.time)!)).toBe(true)
  })

  it('leaves nothing of a finite window until it is full again', () => {
    const sma = run('SMA', [20])
    sma.take(bars, [gap], '1m', true)
    expect(sma.at(all[168]!.time)).toMatchObject({ values: null, seen: 19, needed: 20 })
    expect(sma.at(all[169]!.time)!.values).not.toBeNull()
  })

  it('that was mended joins what it had parted', () => {
    const [mended, whole] = [run('RSI', [14]), run('RSI', [14])]
    mended.take(bars, [gap], '1m', true)
    mended.take(all, [], '1m', true)
    whole.take(all, [], '1m', true)
    expect(mended.readings).toEqual(whole.readings)
  })

  it('before the first bar is a beginning that is known', () => {
    const ema = run('EMA', [10])
    ema.take(all.slice(150), [gap], '1m', false)
    expect(isFirm(ema.readings[9]!)).toBe(true)
    const unknown = run('EMA', [10])
    unknown.take(all.slice(150), [], '1m', false)
    expect(isFirm(unknown.readings[9]!)).toBe(false)
  })
})

it('only what is new is computed, and it is the same as all of it', () => {
  const bars = candles(200)
  const steps: boolean[] = []
  const sma = indicatorOf('SMA')!
  const counted = {
    ...sma,
    make: (parameters: readonly number[]) => {
      const step = sma.make(parameters)
      return (candle: Candle, replace: boolean) => {
        steps.push(replace)
        return step(candle, replace)
      }
    },
  }
  const one = new IndicatorRun(counted, [20])
  one.take(bars.slice(0, 150), [], '1m', true)
  steps.length = 0
  const forming = { ...bars[149]!, close: 1, rev: 9999 }
  expect(one.update(forming)).toBe(true)
  expect(steps).toEqual([true])
  one.update(bars[149]!)
  one.take(bars, [], '1m', true)
  expect(steps).toHaveLength(52)
  // A bar before the last one: all bars have to be taken.
  expect(one.update(bars[20]!)).toBe(false)
  const corrected = bars.map((bar, i) => (i === 100 ? { ...bar, close: 200 } : bar))
  one.take(corrected, [], '1m', true)
  const whole = new IndicatorRun(sma, [20])
  whole.take(corrected, [], '1m', true)
  expect(one.readings).toEqual(whole.readings)
})

it('a sum counts from midnight UTC, and is doubtful where its beginning is not known', () => {
  const start = Date.UTC(2026, 0, 5, 23, 30)
  const bars = candles(90, 3, start)
  const vwap = run('VWAP', [])
  vwap.take(bars, [], '1m', false)
  expect(isFirm(vwap.readings[29]!)).toBe(false)
  const first = bars[30]!
  expect(first.time).toBe(Date.UTC(2026, 0, 6))
  expect(vwap.readings[30]!.values![0]).toBeCloseTo((first.high + first.low + first.close) / 3, 9)
  expect(isFirm(vwap.readings[30]!)).toBe(true)
  expect(anchorOf(Date.UTC(2026, 4, 7, 5), '1h', 'day')).toBe(Date.UTC(2026, 4, 7))
  expect(anchorOf(Date.UTC(2026, 4, 7, 5), '1h', 'period')).toBe(Date.UTC(2026, 4, 1))
  expect(anchorOf(Date.UTC(2026, 4, 7, 5), '1D', 'period')).toBe(Date.UTC(2026, 0, 1))
  // A gap in the middle of the day: what was traded in it is not known, so nothing is sure before the next midnight.
  const gap: Gap = [bars[40]!.time, bars[50]!.time]
  const cut = run('OBV', [])
  cut.take([...bars.slice(0, 40), ...bars.slice(50)], [gap], '1m', false)
  expect(isFirm(cut.readings[39]!)).toBe(true)
  expect(isFirm(cut.readings.at(-1)!)).toBe(false)
})

it('a line that is drawn later takes nothing from beyond a gap', () => {
  const all = candles(200)
  const gap: Gap = [all[100]!.time, all[110]!.time]
  const cloud = run('ICHIMOKU', [9, 26, 52, 26])
  cloud.take([...all.slice(0, 100), ...all.slice(110)], [gap], '1m', true)
  expect(cloud.shifted(all[99]!.time, 26)!.time).toBe(all[73]!.time)
  expect(cloud.shifted(all[135]!.time, 26)).toBeUndefined()
  expect(cloud.shifted(all[140]!.time, 26)!.time).toBe(all[114]!.time)
  expect(cloud.shifted(all[90]!.time, -26)).toBeUndefined()
})

it('the volume profile spreads each bar over its prices, and loses nothing', () => {
  const bars = candles(80)
  const { volumes } = profileOf(bars, 12)!
  const total = bars.reduce((sum, bar) => sum + bar.volume, 0)
  expect(volumes.reduce((a, b) => a + b, 0)).toBeCloseTo(total, 9)
  const one = { time: 0, open: 1, high: 4, low: 0, close: 2, volume: 8, closed: true, rev: 1 }
  expect(profileOf([one], 4)!.volumes).toEqual([2, 2, 2, 2])
  expect(profileOf([], 4)).toBeNull()
})

it('a layout is read field by field; what another version knows is kept', () => {
  expect(readLayout('no json').indicators).toEqual([])
  expect(readLayout('[]').indicators).toEqual([])
  const strange = { id: 'WARP', parameters: [1] }
  const text = JSON.stringify({
    indicators: [strange, { id: 'BB', parameters: [30, 999], ink: [4], height: -1 }, null],
  })
  const layout = readLayout(text)
  expect(layout.unknown).toEqual([strange, null])
  expect(layout.indicators).toEqual([
    { key: 2, id: 'BB', parameters: [30, 2], ink: [4, 1, 2], hidden: false, height: null },
  ])
  const many = JSON.stringify({ indicators: Array.from({ length: 300 }, () => ({ id: 'SMA' })) })
  expect(readLayout(many).indicators).toHaveLength(24)
})

it('minutes without a trade are no gap', () => {
  const bars = candles(100).filter((_, i) => i % 7 !== 3)
  const sma = run('SMA', [20])
  sma.take(bars, [[bars[0]!.time - MINUTE, bars[0]!.time]], '1m', false)
  expect(sma.last).toMatchObject({ seen: bars.length, sinceGap: true })
})
