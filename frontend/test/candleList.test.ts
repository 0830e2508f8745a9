import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Candle } from '../src/api/candleStream'
import { CandleList } from '../src/feed/candleList'
import { full } from './sizes'

const MINUTE = 60_000

/** Few times and few revs, so that they collide. Two versions with the same time and rev are the same candle, as the server promises. */
const arbitraryCandle: fc.Arbitrary<Candle> = fc
  .record({ minute: fc.integer({ min: 0, max: 20 }), rev: fc.integer({ min: 1, max: 8 }) })
  .map(({ minute, rev }) => bar(minute, rev))

function bar(minute: number, rev: number): Candle {
  const close = rev / 10
  return { time: minute * MINUTE, open: 1, high: 2, low: 0, close, volume: rev, closed: rev > 4, rev }
}

describe('the list of bars', () => {
  test('holds, in any order of arrival, the highest rev of each time, ascending', () => {
    fc.assert(
      fc.property(fc.array(arbitraryCandle, { maxLength: 80 }), (candles) => {
        const list = new CandleList()
        for (const candle of candles) list.merge(candle)
        const expected = new Map<number, Candle>()
        for (const candle of candles) {
          if ((expected.get(candle.time)?.rev ?? 0) < candle.rev) expected.set(candle.time, candle)
        }
        expect(list.bars).toEqual([...expected.values()].sort((a, b) => a.time - b.time))
      }),
      { numRuns: full ? 20_000 : 500 },
    )
  })

  test('says truly what each merge did', () => {
    fc.assert(
      fc.property(fc.array(arbitraryCandle, { maxLength: 40 }), (candles) => {
        const list = new CandleList()
        for (const candle of candles) {
          const before = list.at(candle.time)
          const lastTime = list.last?.time ?? -1
          const merge = list.merge(candle)
          if (before === undefined) expect(merge.what).toBe(candle.time > lastTime ? 'appended' : 'inserted')
          else if (candle.rev <= before.rev) expect(merge.what).toBe('dropped')
          else expect(merge).toEqual({ what: 'updated', previous: before })
        }
      }),
      { numRuns: full ? 20_000 : 500 },
    )
  })

  test('gives up the wanted end and says how many bars went', () => {
    const list = new CandleList()
    list.mergeAll([0, 1, 2, 3, 4].map((minute) => bar(minute, 1)))
    expect(list.trim(3, 'oldest')).toBe(2)
    expect(list.bars.map(({ time }) => time / MINUTE)).toEqual([2, 3, 4])
    expect(list.trim(2, 'newest')).toBe(1)
    expect(list.bars.map(({ time }) => time / MINUTE)).toEqual([2, 3])
    expect(list.trim(2, 'newest')).toBe(0)
  })
})
