import { type IChartApi, type ISeriesApi, LineStyle, type SeriesType } from 'lightweight-charts'
import type { Candle, Gap } from '../../../api/candleStream'
import type { ChartFollower } from '../../chartFollower'
import type { ChartView } from '../../chartView'
import type { ChartColours } from '../../palette'
import type { Point } from '../../points'
import type { Indicator } from './indicator'
import { type IndicatorOptions, IndicatorSeries, toItem } from './indicatorSeries'
import { formatReading } from './reading'
import { IndicatorRun, type Reading, warmUpOf } from './run'
import { indicatorOf } from './table'
import { VolumeProfile } from './volumeProfile'

/** Share of the height that a new pane takes from the panes there are, and what all panes of indicators may take together. */
const PANE_SHARE = 0.22
const ALL_PANES_SHARE = 1
/** Price and volume have the first two panes. */
const FIRST_PANE = 2

/** An indicator as somebody has put it on the chart. */
export interface Placed {
  /** Of this one: an indicator may be there several times. */
  key: number
  id: string
  parameters: readonly number[]
  /** Of each line: which of the theme's inks. */
  ink: readonly number[]
  hidden: boolean
  /** Height of its own pane as a share of price and volume; null until somebody has moved its border. */
  height: number | null
}

/** What the indicators are computed from. */
export interface Source {
  bars: readonly Candle[]
  gaps: readonly Gap[]
  timeframe: string
  /** Nothing comes before the first bar. */
  knowsStart: boolean
}

interface Shown {
  placed: Placed
  indicator: Indicator
  run: IndicatorRun
  /** Null for what is no line: the volume profile. */
  series: ISeriesApi<SeriesType> | null
  remove(): void
}

/** The indicators on a chart: computed from the bars that are loaded, drawn where the chart has places. */
export class IndicatorLayer implements ChartFollower {
  #view: ChartView
  #source: () => Source
  #moved: (heights: ReadonlyMap<number, number>) => void
  #chart!: IChartApi
  #colours!: ChartColours
  #shown: Shown[] = []
  #firstTime = Number.POSITIVE_INFINITY

  /** `moved`: somebody has moved the border of a pane; these are the heights now, by key, as shares of price and volume. */
  constructor(view: ChartView, source: () => Source, moved: (heights: ReadonlyMap<number, number>) => void) {
    this.#view = view
    this.#source = source
    this.#moved = moved
  }

  attach(chart: IChartApi): void {
    this.#chart = chart
    const element = chart.chartElement()
    let before = ''
    const heights = () => [...this.#heights()].map(([key, share]) => `${key} ${share.toFixed(2)}`).join()
    element.addEventListener('pointerdown', () => {
      before = heights()
    })
    // The library works in frames of its own.
    element.addEventListener('pointerup', () =>
      requestAnimationFrame(() => heights() !== before && this.#moved(this.#heights())),
    )
  }

  get warmUp(): number {
    const { timeframe } = this.#source()
    return Math.max(0, ...this.#shown.map(({ indicator, placed }) => warmUpOf(indicator, placed.parameters, timeframe)))
  }

  /** Puts these on the chart, in this order, and takes others off. */
  show(placed: readonly Placed[]): void {
    const before = this.#shown
    this.#shown = placed.flatMap((one): Shown[] => {
      const held = before.find((shown) => shown.placed.key === one.key)
      if (held?.placed.id === one.id && same(held.placed.parameters, one.parameters)) return [{ ...held, placed: one }]
      const indicator = indicatorOf(one.id)
      return indicator === undefined ? [] : [this.#create(one, indicator)]
    })
    const kept = new Set(this.#shown.map(({ run }) => run))
    for (const shown of before) if (!kept.has(shown.run)) shown.remove()
    this.#arrange()
    this.#colour()
  }

  /** What an indicator says of a bar, of the last one if no time is named; undefined where it says nothing. */
  reading(key: number, time: number | null): Reading | undefined {
    const run = this.#shown.find(({ placed }) => placed.key === key)?.run
    return time === null ? run?.last : run?.at(time)
  }

  /** The values that are drawn at a bar: of a line that is drawn later or earlier, those of another bar. */
  values(key: number, time: number): readonly number[] {
    const shown = this.#shown.find(({ placed }) => placed.key === key)
    if (shown === undefined) return []
    const { indicator, placed, run } = shown
    return indicator.lines.map(
      ({ shift }, line) => run.shifted(time, shift?.(placed.parameters) ?? 0)?.values?.[line] ?? Number.NaN,
    )
  }

  /** Where the pane of an indicator begins, px below the top of the chart; null for one on the candles. */
  topOf(key: number): number | null {
    const series = this.#ownPanes.find(({ placed }) => placed.key === key)?.series
    const index = series?.getPane().paneIndex() ?? 0
    if (series === undefined || index < FIRST_PANE) return null
    const above = this.#chart.panes().slice(0, index)
    return above.reduce((top, pane) => top + pane.getHeight() + 1, 0)
  }

  #heights(): Map<number, number> {
    const main = this.#mainHeight
    const own = this.#ownPanes.map(({ placed, series }): [number, number] => [
      placed.key,
      series!.getPane().getHeight() / main,
    ])
    return new Map(own)
  }

  drawAll(points: readonly Point[]): void {
    this.#firstTime = points[0]?.time ?? Number.POSITIVE_INFINITY
    for (const { run, series } of this.#shown) this.#take(run, series)
  }

  drawOne(candle: Candle, inside: boolean): void {
    for (const { run, series } of this.#shown) {
      if (!inside && run.update(candle)) series?.update(toItem(run.last!))
      // A bar before the last one was corrected: what follows depends on it.
      else this.#take(run, series)
    }
  }

  recolour(colours: ChartColours): void {
    this.#colours = colours
    this.#colour()
  }

  clear(): void {
    this.#firstTime = Number.POSITIVE_INFINITY
    for (const { run, series } of this.#shown) {
      run.take([], [], '', false)
      series?.setData([])
    }
  }

  /** Computes what has changed, and hands over what the chart has places for: an earlier time would put places before its first. */
  #take(run: IndicatorRun, series: ISeriesApi<SeriesType> | null): void {
    const { bars, gaps, timeframe, knowsStart } = this.#source()
    run.take(bars, gaps, timeframe, knowsStart)
    series?.setData(run.readings.filter(({ time }) => time >= this.#firstTime).map(toItem))
  }

  #create(placed: Placed, indicator: Indicator): Shown {
    const run = new IndicatorRun(indicator, placed.parameters)
    if (indicator.profile) {
      const profile = new VolumeProfile(placed.parameters[0]!, () => this.#source().bars)
      const remove = this.#view.overlays.add(profile)
      return { placed, indicator, run, series: null, remove }
    }
    const own = indicator.pane === 'own'
    const pane = own ? this.#chart.panes().length : 0
    const series = this.#chart.addCustomSeries(
      new IndicatorSeries(indicator, placed.parameters),
      {
        lastValueVisible: false,
        priceLineVisible: false,
        ...(own && { priceFormat: { type: 'custom', minMove: 1e-9, formatter: formatReading } }),
      },
      pane,
    ) as ISeriesApi<SeriesType>
    this.#take(run, series)
    const unhatch = own ? this.#view.overlays.hatch(series) : () => undefined
    const remove = () => {
      unhatch()
      this.#chart.removeSeries(series)
    }
    return { placed, indicator, run, series, remove }
  }

  get #ownPanes(): Shown[] {
    return this.#shown.filter(({ series, indicator }) => series !== null && indicator.pane === 'own')
  }

  get #mainHeight(): number {
    const [price, volume] = this.#chart.panes()
    return Math.max((price?.getHeight() ?? 0) + (volume?.getHeight() ?? 0), 1)
  }

  /** Panes stand in the order of the list, and never take more than the price keeps. */
  #arrange(): void {
    const own = this.#ownPanes
    const fresh = Math.min(PANE_SHARE, ALL_PANES_SHARE / Math.max(own.length, 1))
    own.forEach(({ series, placed }, index) => {
      const pane = series!.getPane()
      if (pane.paneIndex() !== FIRST_PANE + index) pane.moveTo(FIRST_PANE + index)
      series!.getPane().setStretchFactor(placed.height ?? fresh)
    })
  }

  #colour(): void {
    const { ink, forced, muted } = this.#colours
    for (const { series, placed, indicator } of this.#shown) {
      if (series === null) continue
      const options: Partial<IndicatorOptions> = {
        ink: placed.ink.map((index) => ({ colour: ink[index % ink.length]!, dash: index })),
        forced,
        visible: !placed.hidden,
      }
      series.applyOptions(options as Parameters<typeof series.applyOptions>[0])
      const lines = series.priceLines()
      if (lines.length === 0)
        for (const price of indicator.levels ?? [])
          series.createPriceLine({
            price,
            lineWidth: 1,
            lineStyle: LineStyle.Dotted,
            axisLabelVisible: false,
            title: '',
          })
      for (const line of series.priceLines()) line.applyOptions({ color: muted })
      series
        .priceScale()
        .applyOptions({ ...(indicator.pane === 'own' && { scaleMargins: { top: 0.22, bottom: 0.08 } }) })
    }
  }
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i])
}
