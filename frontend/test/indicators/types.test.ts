import { expect, it } from 'vitest'
import type { Gap } from '../../src/api/candleStream'
import { IndicatorRun, sameOrNoGap, warmUpOf } from '../../src/chart/tools/indicators/run'
import { HEIKIN_ASHI } from '../../src/chart/tools/types/heikinAshi'
import { extremesOf } from '../../src/chart/tools/types/priceMarks'
import { readLayout } from '../../src/state/tools/layout'
import { candles } from './candles.mjs'

it('Heikin-Ashi is what its definition says, starts anew after a gap and does not depend on where it began', () => {
  const bars = candles(300)
  const run = new IndicatorRun(HEIKIN_ASHI, [])
  run.take(bars, [], '1m', true)
  let [open, close] = [(bars[0]!.open + bars[0]!.close) / 2, 0]
  bars.forEach((bar, i) => {
    if (i > 0) open = (open + close) / 2
    close = (bar.open + bar.high + bar.low + bar.close) / 4
    const expected = [open, Math.max(bar.high, open, close), Math.min(bar.low, open, close), close]
    expect(run.readings[i]!.values).toEqual(expected)
  })
  const late = new IndicatorRun(HEIKIN_ASHI, [])
  late.take(bars.slice(100), [], '1m', false)
  const warm = late.readings[warmUpOf(HEIKIN_ASHI, [], '1m')]!
  expect(warm.values![0]).toBeCloseTo(run.at(warm.time)!.values![0]!, 9)
  const gap: Gap = [bars[100]!.time, bars[110]!.time]
  run.take([...bars.slice(0, 100), ...bars.slice(110)], [gap], '1m', true)
  const first = bars[110]!
  expect(run.at(first.time)!.values![0]).toBe((first.open + first.close) / 2)
})

it('the extremes are those of the bars in view', () => {
  const bars = candles(100)
  const seen = bars.slice(20, 60)
  const { highest, lowest } = extremesOf(bars, seen[0]!.time, seen.at(-1)!.time)!
  expect(highest.high).toBe(Math.max(...seen.map((bar) => bar.high)))
  expect(lowest.low).toBe(Math.min(...seen.map((bar) => bar.low)))
  expect(extremesOf(bars, 0, 1)).toBeNull()
})

it('a line is joined where nothing unknown lies between', () => {
  expect(sameOrNoGap([[10, 20]], 0, 10)).toBe(true)
  expect(sameOrNoGap([[10, 20]], 5, 20)).toBe(false)
  expect(sameOrNoGap([[10, 20]], 20, 30)).toBe(true)
})

it('the type, the marks and what is compared are read field by field', () => {
  const text = JSON.stringify({ type: 'renko', inverted: 1, marks: true, compare: ['ETHUSD', 7, '<b>', 'A', 'SOLUSD'] })
  expect(readLayout(text)).toMatchObject({
    type: 'candles',
    inverted: false,
    marks: true,
    compare: ['ETHUSD', 'SOLUSD'],
  })
  expect(readLayout(JSON.stringify({ type: 'heikin' })).type).toBe('heikin')
})
