import { describe, expect, it } from 'vitest'
import type { Candle } from '../../src/api/candleStream'
import type { Indicator } from '../../src/chart/tools/indicators/indicator'
import { IndicatorRun, isFirm, warmUpOf } from '../../src/chart/tools/indicators/run'
import { INDICATORS, indicatorOf } from '../../src/chart/tools/indicators/table'
import { candles } from './candles.mjs'
import { PLAIN, plainly } from './plain'
import reference from './reference.json'

const BARS = candles(reference.bars)
/** The volume profile has a test of its own. */
const LINES = INDICATORS.filter(({ profile }) => profile === undefined)
const defaults = ({ parameters }: Indicator) => parameters.map(({ value }) => value)

function runOver(bars: readonly Candle[], indicator: Indicator, gaps: [number, number][] = [], knowsStart = true) {
  const run = new IndicatorRun(indicator, defaults(indicator))
  run.take(bars, gaps, '1m', knowsStart)
  return run
}

/** Differences that are not seen: 1e-9 of the value, or of what it is made from where it is near zero. */
function expectSame(actual: readonly number[] | null | undefined, expected: readonly number[], what: string): void {
  expect(actual, what).toHaveLength(expected.length)
  expected.forEach((value, i) => {
    expect(Math.abs(actual![i]! - value), `${what}: ${actual![i]} and ${value}`).toBeLessThanOrEqual(
      1e-9 * Math.max(1, Math.abs(value)),
    )
  })
}

it('there are as many as promised, each once, and each has a plain computation', () => {
  expect(INDICATORS.length).toBeGreaterThanOrEqual(60)
  expect(new Set(INDICATORS.map(({ id }) => id)).size).toBe(INDICATORS.length)
  expect(LINES.map(({ id }) => id).filter((id) => !(id in PLAIN))).toEqual([])
})

describe.each(Object.entries(reference.values))('%s', (id, rows) => {
  it('is what another library says', () => {
    const run = runOver(BARS, indicatorOf(id)!)
    rows.forEach((expected, i) => {
      const { values } = run.readings.at(i - rows.length)!
      expectSame(values!.slice(0, expected.length), expected, `${id}, ${rows.length - i} bars before the end`)
    })
  })
})

describe.each(LINES.map((indicator) => [indicator.id, indicator] as const))('%s', (id, indicator) => {
  it('is what its definition says', () => {
    const expected = plainly(id, BARS, defaults(indicator))
    const run = runOver(BARS, indicator)
    for (let back = 60; back > 0; back--) {
      const row = expected.at(-back)!
      // Where the definition divides by zero, any word of the page will do.
      if (row.every(Number.isFinite))
        expectSame(run.readings.at(-back)!.values, row, `${id}, ${back} bars before the end`)
    }
  })

  it('has a value as soon as its window is full', () => {
    const window = indicator.window(defaults(indicator))
    const { readings } = runOver(BARS.slice(1, 400), indicator)
    expect(readings[window - 1]!.values, `${window} bars`).not.toBeNull()
    expect(isFirm(readings[window - 1]!)).toBe(true)
    expect(window < 2 || !isFirm(readings[window - 2]!)).toBe(true)
  })

  it('is the same whether a candle came at once or formed', () => {
    const parameters = defaults(indicator)
    const [whole, forming] = [new IndicatorRun(indicator, parameters), new IndicatorRun(indicator, parameters)]
    const bars = BARS.slice(0, 300)
    for (const bar of bars) {
      whole.update(bar)
      const { open, high, low, close } = bar
      forming.update({ ...bar, high: open, low: open, close: open, volume: 0 })
      forming.update({ ...bar, high: high + 3, low: low - 2, close: close + 2, volume: bar.volume / 2 })
      forming.update({ ...bar, close: (high + low) / 2 })
      forming.update(bar)
    }
    forming.readings.forEach(({ values }, i) => {
      const other = whole.readings[i]!.values
      expect(values === null, `${id}, bar ${i}`).toBe(other === null)
      if (values !== null && other!.every(Number.isFinite)) expectSame(values, other!, `${id}, bar ${i}`)
    })
  })

  it('does not depend on how far somebody has scrolled', () => {
    const warmUp = warmUpOf(indicator, defaults(indicator), '1m')
    const bars = candles(warmUp + 400, 7)
    const all = runOver(bars, indicator, [], false)
    const part = runOver(bars.slice(300), indicator, [], false)
    const firm = part.readings.filter(isFirm)
    expect(firm.length).toBeGreaterThan(50)
    for (const reading of firm)
      expectSame(reading.values ?? [], all.at(reading.time)!.values ?? [], `${id}, seen ${reading.seen}`)
  })
})
