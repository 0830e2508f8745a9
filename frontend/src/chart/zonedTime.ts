import { defaultHorzScaleBehavior, type Time, type TimeScalePoint } from 'lightweight-charts'
import type { TimeZone } from '../state/settings'
import { offsetMinutes } from './format'

type Weight = TimeScalePoint['timeWeight']

const MINUTE = 60_000
/** How much a mark on the time axis weighs that begins such a stretch of the day, longest first. The library's own numbers. */
const CLOCK_WEIGHTS = [
  [720 * MINUTE, 33],
  [360 * MINUTE, 32],
  [180 * MINUTE, 31],
  [60 * MINUTE, 30],
  [30 * MINUTE, 22],
  [5 * MINUTE, 21],
  [MINUTE, 20],
] as const
const DAY = 50
const MONTH = 60
const YEAR = 70

/**
 * The library's time axis with the days of another zone: it finds day borders in UTC. Times stay UTC, because local ones would go back when clocks do.
 * After a change of zone all bars have to be set anew: the library weighs only places it does not know.
 */
export class ZonedTime extends defaultHorzScaleBehavior() {
  zone: TimeZone = 'utc'

  override fillWeightsForPoints(points: readonly { timeWeight: number; originalTime: unknown }[], from: number): void {
    const times = points.map(({ originalTime }) => Number(originalTime as Time) * 1000)
    for (let index = from; index < points.length; index++) {
      // Nothing comes before the first place; one like the average before it is assumed.
      const before = index > 0 ? times[index - 1]! : times[0]! - averageStep(times)
      points[index]!.timeWeight = weightOf(times[index]!, before, this.zone) as Weight
    }
  }
}

function averageStep(times: readonly number[]): number {
  return times.length < 2 ? MINUTE : Math.ceil((times.at(-1)! - times[0]!) / (times.length - 1))
}

/** How much begins at a time that had not begun at the one before it: a year, a month, a day, an hour… */
export function weightOf(time: number, before: number, zone: TimeZone): number {
  const offset = offsetMinutes(time, zone)
  const offsetBefore = offsetMinutes(before, zone)
  const now = new Date(time + offset * MINUTE)
  const then = new Date(before + offsetBefore * MINUTE)
  if (now.getUTCFullYear() !== then.getUTCFullYear()) return YEAR
  if (now.getUTCMonth() !== then.getUTCMonth()) return MONTH
  if (now.getUTCDate() !== then.getUTCDate()) return DAY
  // Where clocks were set in between, the same hour may come twice: then elapsed time counts, not the clock's.
  const moved = offset === offsetBefore ? then.getTime() : before + offset * MINUTE
  for (const [length, weight] of CLOCK_WEIGHTS) {
    if (Math.floor(now.getTime() / length) !== Math.floor(moved / length)) return weight
  }
  return 0
}
