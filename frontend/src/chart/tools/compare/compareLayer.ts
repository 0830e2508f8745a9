import type { CustomSeriesOptions, IChartApi, ISeriesApi, SeriesType } from 'lightweight-charts'
import type { Candle, Gap } from '../../../api/candleStream'
import type { ChartFollower } from '../../chartFollower'
import type { ChartColours } from '../../palette'
import { isBar, type Point } from '../../points'
import type { Indicator } from '../indicators/indicator'
import { IndicatorSeries, toItem } from '../indicators/indicatorSeries'
import { type Reading, sameOrNoGap } from '../indicators/run'

/** A symbol that is drawn beside the chart's own. */
export interface Compared {
  symbol: string
  ink: number
  /** Ascending by time. */
  bars(): readonly Candle[]
  gaps(): readonly Gap[]
  /** Has bars before these loaded, where there are any. */
  loadOlder(): void
}

/** Closes as a line; drawn by the same code as an indicator's. */
const CLOSES: Indicator = {
  id: 'COMPARE',
  name: '',
  title: '',
  group: 'average',
  pane: 'price',
  parameters: [],
  lines: [{ name: '', style: 'line' }],
  reads: 'close',
  window: () => 1,
  memory: () => 1,
  make: () => () => null,
}

interface Shown {
  compared: Compared
  series: ISeriesApi<SeriesType>
}

/** Other symbols on the chart's own places, in its scale. */
export class CompareLayer implements ChartFollower {
  readonly warmUp = 0
  #chart!: IChartApi
  #colours!: ChartColours
  #shown: Shown[] = []
  #points: readonly Point[] = []
  #last: number | null = null
  #frame = 0

  attach(chart: IChartApi): void {
    this.#chart = chart
  }

  show(compared: readonly Compared[]): void {
    for (const { series } of this.#shown) this.#chart.removeSeries(series)
    const plain: Partial<CustomSeriesOptions> = { lastValueVisible: false, priceLineVisible: false }
    this.#shown = compared.map((one) => ({
      compared: one,
      series: this.#chart.addCustomSeries(new IndicatorSeries(CLOSES, []), plain) as ISeriesApi<SeriesType>,
    }))
    this.#colour()
    this.#drawShown()
  }

  /** A compared symbol has new bars: drawn with the next frame. */
  changed(): void {
    if (this.#frame === 0)
      this.#frame = requestAnimationFrame(() => {
        this.#frame = 0
        this.#drawShown()
      })
  }

  /** One bar of a compared symbol moved. What has no place yet comes with the chart's own bar of that time. */
  moved(symbol: string, candle: Candle): void {
    const shown = this.#shown.find(({ compared }) => compared.symbol === symbol)
    if (shown !== undefined && candle.time === this.#last) this.#drawLast(shown)
    else if (candle.closed) this.changed()
  }

  drawAll(points: readonly Point[]): void {
    this.#points = points
    this.#last = points.at(-1)?.time ?? null
    this.#drawShown()
  }

  drawOne(candle: Candle, inside: boolean): void {
    if (inside || candle.time === this.#last) return
    this.#last = candle.time
    this.#points = [...this.#points, candle]
    for (const shown of this.#shown) this.#drawLast(shown)
  }

  recolour(colours: ChartColours): void {
    this.#colours = colours
    this.#colour()
  }

  clear(): void {
    this.#points = []
    this.#last = null
    this.#drawShown()
  }

  #drawShown(): void {
    const [first] = this.#points
    for (const { compared, series } of this.#shown) {
      const bars = compared.bars()
      series.setData(this.#readings(compared).map(toItem))
      if (first !== undefined && bars[0] !== undefined && bars[0].time > first.time) compared.loadOlder()
    }
  }

  #drawLast({ compared, series }: Shown): void {
    const reading = this.#readings(compared).at(-1)
    if (reading !== undefined && reading.time === this.#last) series.update(toItem(reading))
  }

  #readings(compared: Compared): Reading[] {
    const closes = new Map(compared.bars().map(({ time, close }) => [time, close]))
    const gaps = compared.gaps()
    let before: number | null = null
    return this.#points.filter(isBar).map(({ time }) => {
      const close = closes.get(time)
      const joined = before !== null && sameOrNoGap(gaps, before, time)
      before = time
      const values = close === undefined ? null : [close]
      return { time, values, seen: joined ? 2 : 1, needed: 1, sinceGap: !joined }
    })
  }

  #colour(): void {
    const { ink, forced } = this.#colours
    for (const { compared, series } of this.#shown) {
      const options = { ink: [{ colour: ink[compared.ink % ink.length]!, dash: compared.ink + 1 }], forced }
      series.applyOptions(options as Parameters<typeof series.applyOptions>[0])
    }
  }
}
