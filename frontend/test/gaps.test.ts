import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Gap } from '../src/api/candleStream'
import { placePoints } from '../src/chart/points'
import { subtractGaps, uniteGaps } from '../src/feed/gaps'
import { bar } from './bars'

const arbitraryGaps: fc.Arbitrary<Gap[]> = fc.array(
  fc
    .tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 8 }))
    .map(([from, length]): Gap => [from, from + length]),
  { maxLength: 8 },
)
const contains = (gaps: readonly Gap[], time: number) => gaps.some(([from, to]) => time >= from && time < to)

test('the union holds exactly what either list holds, without overlaps', () => {
  fc.assert(
    fc.property(arbitraryGaps, arbitraryGaps, (a, b) => {
      const united = uniteGaps(a, b)
      for (let time = 0; time < 40; time++) expect(contains(united, time)).toBe(contains(a, time) || contains(b, time))
      for (let i = 1; i < united.length; i++) expect(united[i]![0]).toBeGreaterThan(united[i - 1]![1])
    }),
  )
})

test('the difference holds exactly what only the first list holds', () => {
  fc.assert(
    fc.property(arbitraryGaps, arbitraryGaps, (a, b) => {
      const rest = subtractGaps(a, b)
      for (let time = 0; time < 40; time++) expect(contains(rest, time)).toBe(contains(a, time) && !contains(b, time))
    }),
  )
})

const minute = 60_000
const at = (...indices: number[]) => indices.map((index) => bar(index * minute))

test('a gap has empty places on the axis, a minute without trades has none', () => {
  const points = placePoints(at(0, 1, 5, 9), [[2 * minute, 5 * minute]], '1m')
  expect(points.map(({ time }) => time / minute)).toEqual([0, 1, 2, 3, 4, 5, 9])
})

test('a gap of weeks is wide, not endless, and one before the first bar takes no place', () => {
  const long = placePoints(at(0, 100_000), [[minute, 100_000 * minute]], '1m')
  expect(long.length).toBe(302)
  expect(placePoints(at(10), [[0, 5 * minute]], '1m')).toHaveLength(1)
})
