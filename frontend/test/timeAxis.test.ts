import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Candle, Gap } from '../src/api/candleStream'
import { LEAST_BARS, MARGIN_BARS, TimeAxis } from '../src/chart/timeAxis'
import { bar } from './bars'

const MINUTE = 60_000

function bars(count: number, from = 0): Candle[] {
  return Array.from({ length: count }, (_, index) => bar((from + index) * MINUTE))
}

describe('the places of the time axis', () => {
  test('are the newest bars until somebody looks further back', () => {
    const axis = new TimeAxis()
    const all = bars(10_000)
    const points = axis.layOut(all, [], '1m', null)
    expect(points.length).toBe(LEAST_BARS)
    expect(axis.last).toBe(all.at(-1)!.time)
    expect(axis.isShort(all, { from: MARGIN_BARS, to: LEAST_BARS })).toBe(false)
    expect(axis.isShort(all, { from: 100, to: 200 })).toBe(true)
    axis.layOut(all, [], '1m', { from: 100, to: 200 })
    expect(axis.count).toBe(LEAST_BARS - 100 + MARGIN_BARS)
  })

  test('hold all bars where there are few', () => {
    const axis = new TimeAxis()
    const all = bars(600)
    expect(axis.layOut(all, [], '1m', null).length).toBe(600)
    expect(axis.isShort(all, { from: -50, to: 100 })).toBe(false)
  })

  test('become fewer again when nobody looks back', () => {
    const axis = new TimeAxis()
    const all = bars(10_000)
    axis.layOut(all, [], '1m', null)
    axis.layOut(all, [], '1m', { from: -4000, to: -3900 })
    expect(axis.count).toBe(LEAST_BARS + 4000 + MARGIN_BARS)
    const live = { from: axis.count - 150, to: axis.count + 8 }
    expect(axis.isLong(all, live)).toBe(true)
    axis.layOut(all, [], '1m', live)
    expect(axis.count).toBe(LEAST_BARS)
  })

  test('a bar before the first place is hidden, not missing', () => {
    const axis = new TimeAxis()
    const all = bars(5000)
    axis.layOut(all, [], '1m', null)
    expect(axis.isHidden(all[10]!.time)).toBe(true)
    expect(axis.isHidden(all[4990]!.time)).toBe(false)
    expect(axis.indexOf(all[4990]!.time)).toBe(LEAST_BARS - 10)
    expect(axis.indexOf(all[10]!.time)).toBe(-1)
  })

  test('laid out for a view they are neither short nor long for it, so that redraws come to an end', () => {
    const gap = fc.tuple(fc.integer({ min: 0, max: 9000 }), fc.integer({ min: 1, max: 2000 }))
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.array(gap, { maxLength: 8 }),
        fc.array(fc.integer({ min: -3000, max: 12_000 }), { minLength: 1, maxLength: 6 }),
        (count, holes, views) => {
          const gaps = holes.map(([from, length]): Gap => [from * MINUTE, (from + length) * MINUTE])
          const held = bars(count).filter(({ time }) => !gaps.some(([from, to]) => time >= from && time < to))
          fc.pre(held.length > 0)
          const axis = new TimeAxis()
          axis.layOut(held, gaps, '1m', null)
          for (const from of views) {
            let view = { from, to: from + 100 }
            // Left of the first place only bars are counted; a gap that comes in there takes places of its own, which a second redraw settles.
            for (let redraws = from < 0 ? 2 : 1; redraws > 0; redraws--) {
              const time = axis.at(Math.min(Math.max(view.from, 0), axis.count - 1))!
              axis.layOut(held, gaps, '1m', view)
              // Where the view is now; left of the first place it stays as far outside.
              const now = axis.indexOf(time) + Math.min(view.from, 0)
              view = { from: now, to: now + 100 }
            }

            expect(axis.isShort(held, view)).toBe(false)
            expect(axis.isLong(held, view)).toBe(false)
            expect(axis.hidden + axis.count).toBeGreaterThanOrEqual(held.length)
          }
        },
      ),
    )
  })
})
