import fc from 'fast-check'
import { expect, test } from 'vitest'
import { backoffMs } from '../src/backoff.js'
import { EVENT_NAMES, readEvent } from '../src/protocol.js'
import { SeriesBook } from '../src/seriesBook.js'
import { ServerClock } from '../src/serverClock.js'
import { candle } from './fakes.js'

test('a wait is between half and the whole of its step', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -3, max: 50 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (failures, random) => {
        const step = 1000 * 2 ** (Math.min(Math.max(failures, 1), 5) - 1)
        const wait = backoffMs(failures, () => random)
        expect(wait).toBeGreaterThanOrEqual(step / 2)
        expect(wait).toBeLessThanOrEqual(step)
      },
    ),
  )
})

test('no text whatever makes the reader of events throw', () => {
  const text = fc.oneof(fc.string(), fc.json(), fc.constant('{"series":"a:1m","candles":[null,1,{}]}'))
  fc.assert(
    fc.property(fc.constantFrom(...EVENT_NAMES), text, (name, data) => {
      readEvent(name, data, 0)
    }),
  )
})

test('the offset of the clocks lies between its bounds and gets better with every message', () => {
  const clock = new ServerClock()
  expect(clock.offsetMs).toBeNull()
  clock.answered(10_000, 100, 300)
  expect(clock.offsetMs).toBe(9800)
  clock.heard(10_500, 650)
  expect(clock.offsetMs).toBe(9875)
  clock.heard(11_000, 1500)
  expect(clock.offsetMs).toBe(9875)
})

test('the difference of the clocks is in whole milliseconds, which alone the server takes in a query', () => {
  const clock = new ServerClock()
  clock.answered(10_000, 100, 201)
  expect(Number.isInteger(clock.offsetMs)).toBe(true)
})

test('a clock that was set does not spoil the offset for good', () => {
  const clock = new ServerClock()
  clock.answered(0, 0, 10)
  clock.heard(1000, 1000 + 7_200_000)
  expect(clock.offsetMs).toBe(-7_200_000)
  clock.heard(2000, 2000)
  expect(clock.offsetMs).toBe(0)
})

test('the book of a series forgets the oldest candles, not the newest', () => {
  const book = new SeriesBook()
  for (let minute = 0; minute < 2001; minute++) book.accept([candle(minute * 60_000, 1)])
  const kept = book.newest(5000)
  expect(kept).toHaveLength(1000)
  expect(kept.at(-1)?.time).toBe(2000 * 60_000)
  expect(book.accept([candle(2000 * 60_000, 1)])).toEqual([])
})
