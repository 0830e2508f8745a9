import type { Candle, Gap } from '../../../api/candleStream'
import { indexAtOrAfter } from '../../../feed/sorted'
import { timeframeMs } from '../../../feed/timeframes'
import type { Indicator, Step } from './indicator'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** What an indicator says of one bar. */
export interface Reading {
  time: number
  /** One value a line, NaN where a line has none; null while there are too few bars. */
  values: readonly number[] | null
  /** Bars it has seen up to this one, since a gap or since the first bar loaded. */
  seen: number
  /** Bars it needs until its value is drawn as a line: its window, or more where it depends on bars that are not loaded yet. */
  needed: number
  /** Whether the count begins at a gap, and not at the first bar loaded. */
  sinceGap: boolean
}

/** A value that may be drawn as a solid line. */
export function isFirm({ seen, needed }: Reading): boolean {
  return seen >= needed
}

/** Bars an indicator needs before the first one seen, so that no value depends on how far somebody has scrolled. */
export function warmUpOf(indicator: Indicator, parameters: readonly number[], timeframe: string): number {
  if (indicator.anchored)
    return Math.ceil(longestAnchorMs(timeframe, indicator.anchored) / (timeframeMs(timeframe) ?? 31 * DAY_MS)) + 1
  return indicator.memory(parameters)
}

/**
 * One indicator over one series. It begins anew after every gap, because what was traded there is not known; a new version of the forming
 * candle costs one step.
 */
export class IndicatorRun {
  readonly indicator: Indicator
  readonly parameters: readonly number[]
  #readings: Reading[] = []
  #bars: Candle[] = []
  #gaps: readonly Gap[] = []
  #timeframe = ''
  #knowsStart = false
  #step: Step
  #anchor = 0
  /** The count begins where a day, month or year does: nothing before matters. */
  #fromAnchor = false

  constructor(indicator: Indicator, parameters: readonly number[]) {
    this.indicator = indicator
    this.parameters = parameters
    this.#step = indicator.make(parameters)
  }

  /** Ascending by time, one a bar. */
  get readings(): readonly Reading[] {
    return this.#readings
  }

  get last(): Reading | undefined {
    return this.#readings.at(-1)
  }

  at(time: number): Reading | undefined {
    const reading = this.#readings[this.#indexAt(time)]
    return reading?.time === time ? reading : undefined
  }

  /** What stands at the place of this bar when drawn so many places later: said of an earlier bar, never from beyond a gap. */
  shifted(time: number, places: number): Reading | undefined {
    const index = this.#indexAt(time)
    if (this.#readings[index]?.time !== time) return undefined
    const source = this.#readings[index - places]
    const later = places < 0 ? source : this.#readings[index]
    return source !== undefined && later!.seen > Math.abs(places) ? source : undefined
  }

  /**
   * Takes all bars. `knowsStart`: nothing comes before the first one. Where only the end is new, only the end is computed.
   */
  take(bars: readonly Candle[], gaps: readonly Gap[], timeframe: string, knowsStart: boolean): void {
    const sameSeries = timeframe === this.#timeframe && knowsStart === this.#knowsStart && sameGaps(gaps, this.#gaps)
    this.#timeframe = timeframe
    this.#knowsStart = knowsStart
    this.#gaps = gaps
    const held = this.#bars
    const kept = held.length - 1
    const goesOn = sameSeries && kept >= 0 && bars.length > kept && held.every((bar, i) => i >= kept || bar === bars[i])
    if (!goesOn || bars[kept]!.time !== held[kept]!.time) {
      this.#bars = []
      this.#readings = []
      for (const bar of bars) this.#add(bar)
      return
    }
    if (bars[kept] !== held[kept]) this.#replace(bars[kept]!)
    for (const bar of bars.slice(kept + 1)) this.#add(bar)
  }

  /** A new or changed bar at the end. False where it belongs before it: then all bars have to be taken again. */
  update(bar: Candle): boolean {
    const last = this.#bars.at(-1)
    if (last !== undefined && bar.time < last.time) return false
    if (bar.time === last?.time) this.#replace(bar)
    else this.#add(bar)
    return true
  }

  #indexAt(time: number): number {
    return indexAtOrAfter(time, this.#readings.length, (i) => this.#readings[i]!.time)
  }

  #add(bar: Candle): void {
    const before = this.#readings.at(-1)
    const previous = this.#bars.at(-1)
    const cut = previous === undefined ? this.#startsAtGap(bar) : hasGap(this.#gaps, previous.time, bar.time)
    const anchor = this.indicator.anchored ? anchorOf(bar.time, this.#timeframe, this.indicator.anchored) : 0
    const turns = previous !== undefined && anchor !== this.#anchor
    if (before === undefined || cut || turns) {
      this.#step = this.indicator.make(this.parameters)
      // Where a gap reaches over the beginning, what was traded since then is not known.
      this.#fromAnchor = this.indicator.anchored !== undefined && (turns ? !cut : this.#knowsStart)
    }
    this.#anchor = anchor
    const begins = before === undefined || cut || (turns && this.#fromAnchor)
    const seen = begins ? 1 : before.seen + 1
    const sinceGap = begins ? cut || (previous === undefined && this.#knowsStart) : before.sinceGap
    this.#bars.push(bar)
    this.#readings.push(this.#read(bar, false, seen, sinceGap))
  }

  #replace(bar: Candle): void {
    const { seen, sinceGap } = this.#readings.at(-1)!
    this.#bars[this.#bars.length - 1] = bar
    this.#readings[this.#readings.length - 1] = this.#read(bar, true, seen, sinceGap)
  }

  #read(bar: Candle, replace: boolean, seen: number, sinceGap: boolean): Reading {
    const { indicator, parameters } = this
    const values = this.#step(bar, replace)
    const isKnown = values?.some(Number.isFinite) ?? false
    const window = indicator.window(parameters)
    const needed = indicator.anchored
      ? this.#fromAnchor
        ? 1
        : Number.POSITIVE_INFINITY
      : sinceGap
        ? window
        : Math.max(window, indicator.memory(parameters))
    return { time: bar.time, values: isKnown ? values : null, seen, needed, sinceGap }
  }

  #startsAtGap(bar: Candle): boolean {
    const step = timeframeMs(this.#timeframe) ?? 31 * DAY_MS
    return this.#gaps.some(([from, to]) => from < bar.time && to > bar.time - step)
  }
}

/** Whether nothing unknown lies between two times. */
export function sameOrNoGap(gaps: readonly Gap[], from: number, to: number): boolean {
  return from === to || !hasGap(gaps, from, to)
}

function hasGap(gaps: readonly Gap[], from: number, to: number): boolean {
  const index = indexAtOrAfter(from + 1, gaps.length, (i) => gaps[i]![1])
  return index < gaps.length && gaps[index]![0] < to
}

function sameGaps(a: readonly Gap[], b: readonly Gap[]): boolean {
  return a.length === b.length && a.every(([from, to], i) => from === b[i]![0] && to === b[i]![1])
}

function longestAnchorMs(timeframe: string, anchored: 'day' | 'period'): number {
  const step = timeframeMs(timeframe) ?? DAY_MS
  return step < HOUR_MS || (step < DAY_MS && anchored === 'day') ? DAY_MS : step < DAY_MS ? 31 * DAY_MS : 366 * DAY_MS
}

/** Beginning of the day, month or year (UTC) of a time, from which a sum counts. */
export function anchorOf(time: number, timeframe: string, anchored: 'day' | 'period'): number {
  const longest = longestAnchorMs(timeframe, anchored)
  const date = new Date(time)
  if (longest === DAY_MS) return Math.floor(time / DAY_MS) * DAY_MS
  return longest === 31 * DAY_MS
    ? Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)
    : Date.UTC(date.getUTCFullYear(), 0, 1)
}
