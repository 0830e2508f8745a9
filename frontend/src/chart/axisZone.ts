import type { ChartOptions, DeepPartial, Time, UTCTimestamp } from 'lightweight-charts'
import { timeframeMs } from '../feed/timeframes'
import type { TimeZone } from '../state/settings'
import { tickFormatter, tickTypeOf } from './chartOptions'
import { formatMoment } from './format'
import { weightOf, ZonedTime } from './zonedTime'

const DAY_MS = 86_400_000

/** A text of the time axis. */
export interface Tick {
  time: number
  weight: number
  label: string
}

/** The zone in which the time axis speaks. */
export class AxisZone {
  readonly time = new ZonedTime()
  chosen: TimeZone = 'utc'
  #timeframe = '1m'

  /** Candles of a day and longer are the exchange's days: they keep its dates in every zone. */
  get shown(): TimeZone {
    const length = timeframeMs(this.#timeframe)
    return length === null || length >= DAY_MS ? 'utc' : this.chosen
  }

  /** The chart's options for the chosen zone and this timeframe. */
  options(timeframe: string): DeepPartial<ChartOptions> {
    this.#timeframe = timeframe
    const zone = this.shown
    this.time.zone = zone
    return {
      localization: { timeFormatter: (time: Time) => formatMoment(Number(time) * 1000, zone) },
      timeScale: { tickMarkFormatter: tickFormatter(zone) },
    }
  }

  /** What the places in view would be called. */
  ticks(times: readonly number[], seen: { from: number; to: number } | null): Tick[] {
    const zone = this.shown
    return times.flatMap((time, index) => {
      if (seen === null || index < seen.from || index > seen.to || index === 0) return []
      const weight = weightOf(time, times[index - 1]!, zone)
      return [{ time, weight, label: tickFormatter(zone)((time / 1000) as UTCTimestamp, tickTypeOf(weight)) }]
    })
  }
}
