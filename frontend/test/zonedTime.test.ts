import { afterEach, describe, expect, test } from 'vitest'
import { formatClock, formatMoment } from '../src/chart/format'
import { weightOf } from '../src/chart/zonedTime'

const HOUR = 3_600_000
const zoneBefore = process.env.TZ

afterEach(() => {
  process.env.TZ = zoneBefore
})

/** The local dates on which a day, month or year begins among bars of this length, in order. */
function beginnings(from: number, to: number, step: number): string[] {
  const dates: string[] = []
  for (let time = from + step; time < to; time += step) {
    if (weightOf(time, time - step, 'local') >= 50) dates.push(formatMoment(time, 'local').slice(0, 10))
  }
  return dates
}

describe.each([
  ['America/New_York', 'clocks forward', '2026-03-05T05:00Z', '2026-03-08'],
  ['America/New_York', 'clocks back', '2026-10-30T04:00Z', '2026-11-01'],
  ['Asia/Kolkata', 'half an hour', '2026-05-01T18:30Z', '2026-05-04'],
  ['Pacific/Auckland', 'clocks back', '2026-04-02T11:00Z', '2026-04-05'],
  ['Pacific/Auckland', 'clocks forward', '2026-09-24T12:00Z', '2026-09-27'],
])('in %s, %s', (zone, _, from, amongThem) => {
  test.each([HOUR / 2, HOUR, 3 * HOUR, 6 * HOUR])('each local day begins once, bars of %d ms', (step) => {
    process.env.TZ = zone
    const start = Math.floor(Date.parse(from) / step) * step
    const end = start + 6 * 24 * HOUR
    const all = new Set<string>()
    for (let time = start; time < end; time += step) all.add(formatMoment(time, 'local').slice(0, 10))
    const [, ...begun] = all
    expect(begun).toContain(amongThem)
    expect(beginnings(start, end, step)).toEqual(begun)
  })
})

test('a year begins where the local calendar says so: bars of 12 hours in New York', () => {
  process.env.TZ = 'America/New_York'
  const noon = Date.UTC(2026, 0, 1, 12)
  expect(weightOf(noon - 12 * HOUR, noon - 24 * HOUR, 'local')).toBeLessThan(50)
  expect(weightOf(noon, noon - 12 * HOUR, 'local')).toBe(70)
  expect(weightOf(noon - 12 * HOUR, noon - 24 * HOUR, 'utc')).toBe(70)
})

test('of two equal hours each says which one it is', () => {
  process.env.TZ = 'America/New_York'
  const first = Date.UTC(2026, 10, 1, 5, 30)
  expect(formatMoment(first, 'local')).toBe('2026-11-01 01:30 UTC−4')
  expect(formatMoment(first + HOUR, 'local')).toBe('2026-11-01 01:30 UTC−5')
  // Elapsed time counts where the clock stands still.
  expect(weightOf(first + HOUR, first, 'local')).toBeGreaterThanOrEqual(30)
})

test('the zone is always named', () => {
  process.env.TZ = 'Asia/Kolkata'
  expect(formatClock(Date.UTC(2026, 0, 1, 0, 0, 7), 'local')).toBe('05:30:07 UTC+5:30')
  expect(formatClock(Date.UTC(2026, 0, 1, 0, 0, 7), 'utc')).toBe('00:00:07 UTC')
})
