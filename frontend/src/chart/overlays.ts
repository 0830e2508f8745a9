import type { IChartApi, ISeriesApi, SeriesType } from 'lightweight-charts'
import type { Candle } from '../api/candleStream'
import type { ChartFollower } from './chartFollower'
import type { ChartPlugin } from './chartPlugin'
import { GapHatching, type Stretch } from './gapHatching'
import type { ChartColours } from './palette'
import type { Point } from './points'
import type { CorrectionMarks } from './tools/correctionMarks'

/** All that is drawn besides candles and volume: plug-ins on a pane, and what follows the bars with series of its own. */
export class Overlays {
  #chart: IChartApi
  #candles: ISeriesApi<'Candlestick'>
  #colours: ChartColours
  #plugins = new Set<ChartPlugin>()
  #followers = new Set<ChartFollower>()
  #hatchings: GapHatching[] = []
  #stretches: readonly Stretch[] = []
  /** Loaded with the first correction. */
  #marks: CorrectionMarks | null = null

  constructor(chart: IChartApi, candles: ISeriesApi<'Candlestick'>, colours: ChartColours) {
    this.#chart = chart
    this.#candles = candles
    this.#colours = colours
  }

  /** Puts a plug-in on the pane of a series, of the candles if none is named. Returns what takes it off. */
  add(plugin: ChartPlugin, on: ISeriesApi<SeriesType> = this.#candles): () => void {
    plugin.recolour(this.#colours)
    on.attachPrimitive(plugin)
    this.#plugins.add(plugin)
    return () => {
      if (this.#plugins.delete(plugin)) on.detachPrimitive(plugin)
    }
  }

  /** Shows the gaps in the pane of a series, by name in one of them. Returns what takes them off. */
  hatch(on: ISeriesApi<SeriesType>, isNamed = false): () => void {
    const hatching = new GapHatching(isNamed)
    this.#hatchings.push(hatching)
    hatching.show(this.#stretches)
    const remove = this.add(hatching, on)
    return () => {
      this.#hatchings = this.#hatchings.filter((other) => other !== hatching)
      remove()
    }
  }

  /** Returns what ends it. */
  follow(follower: ChartFollower): () => void {
    this.#followers.add(follower)
    follower.attach(this.#chart, this.#candles)
    follower.recolour(this.#colours)
    return () => this.#followers.delete(follower)
  }

  /** Bars that must be loaded before the first one in view. */
  get warmUp(): number {
    return Math.max(0, ...[...this.#followers].map((follower) => follower.warmUp))
  }

  /** Times of the bars that are marked as corrected. */
  get corrected(): number[] {
    return this.#marks?.times ?? []
  }

  /** Where the file cannot be had the bar is right all the same, and the next correction asks for it again. */
  async markCorrection(candle: Candle): Promise<void> {
    const file = await import('./tools/correctionMarks').catch(() => null)
    if (file === null) return
    if (this.#marks === null) {
      this.#marks = new file.CorrectionMarks()
      this.add(this.#marks)
    }
    this.#marks.mark(candle)
  }

  drawAll(points: readonly Point[]): void {
    for (const follower of this.#followers) follower.drawAll(points)
  }

  drawOne(candle: Candle, inside: boolean): void {
    for (const follower of this.#followers) follower.drawOne(candle, inside)
  }

  showGaps(stretches: readonly Stretch[]): void {
    this.#stretches = stretches
    for (const hatching of this.#hatchings) hatching.show(stretches)
  }

  recolour(colours: ChartColours): void {
    this.#colours = colours
    for (const one of [...this.#plugins, ...this.#followers]) one.recolour(colours)
  }

  /** Another series is about to be shown. */
  clear(): void {
    for (const one of [...this.#plugins, ...this.#followers]) one.clear()
  }
}
