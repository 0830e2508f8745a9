import type { Candle, Gap } from '../api/candleStream'
import { timeframeMs } from '../feed/timeframes'

/** Empty places drawn for one gap at most: a long outage is shown as a wide one, not at full length. */
const MAX_PLACES_PER_GAP = 300

/** A place on the time axis: a bar, or an empty one inside a gap. */
export type Point = Candle | { readonly time: number }

export function isBar(point: Point): point is Candle {
  return 'rev' in point
}

/**
 * Bars and, where the feed was cut, empty places. A minute without a trade has no place; a minute nobody watched has one.
 * Ascending, one point per time: the library does not check that in production.
 */
export function placePoints(bars: readonly Candle[], gaps: readonly Gap[], timeframe: string): Point[] {
  const step = timeframeMs(timeframe)
  const first = bars[0]
  if (step === null || first === undefined || gaps.length === 0) return bars as Point[]
  const taken = new Set(bars.map((bar) => bar.time))
  const places: Point[] = []
  for (const [from, to] of gaps) {
    const start = Math.max(from, first.time)
    const end = Math.min(to, start + step * MAX_PLACES_PER_GAP)
    for (let time = start; time < end; time += step) if (!taken.has(time)) places.push({ time })
  }
  return places.length === 0 ? (bars as Point[]) : [...bars, ...places].sort((a, b) => a.time - b.time)
}
