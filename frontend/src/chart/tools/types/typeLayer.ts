import type {
  CustomData,
  CustomSeriesOptions,
  CustomSeriesWhitespaceData,
  IChartApi,
  ICustomSeriesPaneRenderer,
  ICustomSeriesPaneView,
  ISeriesApi,
  PaneRendererCustomData,
  PriceToCoordinateConverter,
  SeriesType,
  Time,
  UTCTimestamp,
} from 'lightweight-charts'
import type { Candle } from '../../../api/candleStream'
import type { ChartFollower } from '../../chartFollower'
import type { CanvasTarget } from '../../chartPlugin'
import type { ChartView } from '../../chartView'
import type { ChartColours } from '../../palette'
import { isBar, type Point } from '../../points'
import type { Source } from '../indicators/indicatorLayer'
import { IndicatorRun } from '../indicators/run'
import { HEIKIN_ASHI } from './heikinAshi'
import { type ChartType, PAINTERS, type Shape } from './painters'

interface Prices {
  open: number
  high: number
  low: number
  close: number
}

interface TypeItem extends CustomData<Time> {
  prices: Prices
}

/** The bars as one of the other types, as a series of the chart. */
class TypeSeries implements ICustomSeriesPaneView<Time, TypeItem, CustomSeriesOptions>, ICustomSeriesPaneRenderer {
  #data: PaneRendererCustomData<Time, TypeItem> | null = null
  #type: Exclude<ChartType, 'candles'>
  colours!: ChartColours

  constructor(type: Exclude<ChartType, 'candles'>) {
    this.#type = type
  }

  renderer(): ICustomSeriesPaneRenderer {
    return this
  }

  update(data: PaneRendererCustomData<Time, TypeItem>): void {
    this.#data = data
  }

  priceValueBuilder({ prices: { high, low, close } }: TypeItem): number[] {
    return [high, low, close]
  }

  isWhitespace(item: TypeItem | CustomSeriesWhitespaceData<Time>): item is CustomSeriesWhitespaceData<Time> {
    return !('prices' in item)
  }

  defaultOptions(): CustomSeriesOptions {
    return {} as CustomSeriesOptions
  }

  draw(target: CanvasTarget, toY: PriceToCoordinateConverter): void {
    const data = this.#data
    if (data === null || data.visibleRange === null) return
    target.useMediaCoordinateSpace(({ context, mediaSize: { height } }) => {
      context.save()
      const canvas = { context, spacing: data.barSpacing, height, colours: this.colours }
      PAINTERS[this.#type](shapesOf(data, toY), canvas)
      context.restore()
    })
  }
}

/** Another type of chart over the candles, which give the scale and are not drawn meanwhile. */
export class TypeLayer implements ChartFollower {
  #view: ChartView
  #source: () => Source
  #chart!: IChartApi
  #candles!: ISeriesApi<'Candlestick'>
  #colours!: ChartColours
  #type: ChartType = 'candles'
  #drawn: TypeSeries | null = null
  #series: ISeriesApi<SeriesType> | null = null
  #heikin = new IndicatorRun(HEIKIN_ASHI, [])
  #points: readonly Point[] = []

  constructor(view: ChartView, source: () => Source) {
    this.#view = view
    this.#source = source
  }

  attach(chart: IChartApi, candles: ISeriesApi<'Candlestick'>): void {
    this.#chart = chart
    this.#candles = candles
  }

  get warmUp(): number {
    return this.#type === 'heikin' ? HEIKIN_ASHI.memory([]) : 0
  }

  show(type: ChartType): void {
    if (type === this.#type) return
    this.#type = type
    if (this.#series !== null) this.#chart.removeSeries(this.#series)
    this.#drawn = type === 'candles' ? null : new TypeSeries(type)
    this.#series = null
    if (this.#drawn !== null) {
      this.#drawn.colours = this.#colours
      const plain = { lastValueVisible: false, priceLineVisible: false }
      this.#series = this.#chart.addCustomSeries(this.#drawn, plain) as ISeriesApi<SeriesType>
      // Below what was put on the chart before.
      this.#series.setSeriesOrder(1)
    }
    this.#view.recolour()
  }

  /** Puts high prices at the bottom. */
  invert(on: boolean): void {
    this.#candles.priceScale().applyOptions({ invertScale: on })
  }

  drawAll(points: readonly Point[]): void {
    this.#points = points
    if (this.#series === null) return
    if (this.#type === 'heikin') {
      const { bars, gaps, timeframe, knowsStart } = this.#source()
      this.#heikin.take(bars, gaps, timeframe, knowsStart)
    }
    this.#series.setData(points.filter(isBar).map((bar) => this.#itemOf(bar)))
  }

  drawOne(candle: Candle, inside: boolean): void {
    if (this.#series === null) return
    // What follows a corrected bar depends on it.
    if (this.#type === 'heikin' && (inside || !this.#heikin.update(candle))) this.drawAll(this.#points)
    else this.#series.update(this.#itemOf(candle), inside)
  }

  recolour(colours: ChartColours): void {
    this.#colours = colours
    if (this.#drawn === null) return
    this.#drawn.colours = colours
    const none = 'transparent'
    this.#candles.applyOptions({
      upColor: none,
      downColor: none,
      borderVisible: false,
      wickUpColor: none,
      wickDownColor: none,
    })
  }

  clear(): void {
    this.#points = []
    this.#heikin.take([], [], '', false)
    this.#series?.setData([])
  }

  #itemOf(bar: Candle): TypeItem {
    const time = (bar.time / 1000) as UTCTimestamp
    const values = this.#type === 'heikin' ? this.#heikin.at(bar.time)?.values : null
    if (values === null || values === undefined) return { time, prices: bar }
    const [open, high, low, close] = values
    return { time, prices: { open: open!, high: high!, low: low!, close: close! } }
  }
}

function shapesOf({ bars, visibleRange }: PaneRendererCustomData<Time, TypeItem>, toY: PriceToCoordinateConverter) {
  const [from, to] = [Math.max(visibleRange!.from - 1, 0), Math.min(visibleRange!.to + 1, bars.length)]
  const shapes: Shape[] = []
  for (let i = from; i < to; i++) {
    const { x, time, originalData } = bars[i]!
    const { open, high, low, close } = originalData.prices
    const [o, h, l, c] = [toY(open), toY(high), toY(low), toY(close)]
    if (o === null || h === null || l === null || c === null) continue
    const before = bars[i - 1]
    shapes.push({
      x,
      open: o,
      high: h,
      low: l,
      close: c,
      rising: close >= open,
      higher: close >= (before?.originalData.prices.close ?? open),
      joined: before?.time === time - 1 && shapes.length > 0,
    })
  }
  return shapes
}
