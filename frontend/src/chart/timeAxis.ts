import type { Candle, Gap } from '../api/candleStream'
import { indexAtOrAfter } from '../feed/sorted'
import { type Point, placePoints } from './points'

/** Bars kept ready left of the view, so that scrolling meets no blank. */
export const MARGIN_BARS = 500
/** Bars the chart is given at least, however few are in view. */
export const LEAST_BARS = 1000

/** What is in view, as indices of places; beyond the first place the indices go on below zero. */
export interface View {
  readonly from: number
  readonly to: number
}

/**
 * The places of the chart's time axis, ascending: bars, and empty places inside gaps. The chart's logical index is an index into them.
 * The library works through every bar it holds whenever one changes, so it holds those from the view to the newest and a margin before, not all that are loaded.
 */
export class TimeAxis {
  #times: number[] = []
  #hidden = 0

  get count(): number {
    return this.#times.length
  }

  get last(): number | undefined {
    return this.#times.at(-1)
  }

  /** Bars that are loaded but come before the first place. */
  get hidden(): number {
    return this.#hidden
  }

  at(index: number): number | undefined {
    return this.#times[index]
  }

  /** Index of the place with this time; -1 if there is none. */
  indexOf(time: number): number {
    const index = indexAtOrAfter(time, this.#times.length, (i) => this.#times[i]!)
    return this.#times[index] === time ? index : -1
  }

  /** Whether a time belongs to the bars before the first place. */
  isHidden(time: number): boolean {
    return this.#hidden > 0 && time < this.#times[0]!
  }

  /** Index of the last place at or before this time; -1 if there is none. */
  indexBefore(time: number): number {
    return indexAtOrAfter(time + 1, this.#times.length, (i) => this.#times[i]!) - 1
  }

  get times(): readonly number[] {
    return this.#times
  }

  append(time: number): void {
    if (this.#times.length === 0 || time > this.last!) this.#times.push(time)
  }

  clear(): void {
    this.#times = []
    this.#hidden = 0
  }

  /** Lays out the loaded bars around what is in view, and returns the places. */
  layOut(bars: readonly Candle[], gaps: readonly Gap[], timeframe: string, view: View | null): Point[] {
    this.#hidden = this.#firstWanted(bars, view)
    const points = placePoints(this.#hidden === 0 ? bars : bars.slice(this.#hidden), gaps, timeframe)
    this.#times = points.map((point) => point.time)
    return points
  }

  /** Whether the view has come near the first place while there are bars before it. */
  isShort(bars: readonly Candle[], view: View): boolean {
    return this.#hidden > 0 && this.#leftBar(bars, view) - this.#hidden < MARGIN_BARS / 2
  }

  /** Whether there are far more bars before the view than needed. */
  isLong(bars: readonly Candle[], view: View): boolean {
    return this.#firstWanted(bars, view) - this.#hidden > LEAST_BARS
  }

  /** First and last place of a gap; null where it has none. */
  placesOf([from, to]: Gap): Gap | null {
    const inside = this.#times.filter((time) => time >= from && time < to)
    return inside.length === 0 ? null : [inside[0]!, inside.at(-1)!]
  }

  #firstWanted(bars: readonly Candle[], view: View | null): number {
    const left = view === null ? bars.length : this.#leftBar(bars, view)
    return Math.max(Math.min(left - MARGIN_BARS, bars.length - LEAST_BARS), 0)
  }

  /** Index of the bar at the left edge of the view; below the first loaded one it may be negative. */
  #leftBar(bars: readonly Candle[], view: View): number {
    const place = Math.floor(view.from)
    const time = this.#times[Math.min(Math.max(place, 0), this.#times.length - 1)]
    if (time === undefined) return bars.length
    return indexAtOrAfter(time, bars.length, (i) => bars[i]!.time) + Math.min(place, 0)
  }
}
