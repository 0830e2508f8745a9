import type {
  IChartApi,
  IPrimitivePaneView,
  ISeriesApi,
  ISeriesPrimitive,
  SeriesAttachedParameter,
  Time,
  UTCTimestamp,
} from 'lightweight-charts'
import type { Candle } from '../api/candleStream'
import { text } from '../text/text'
import type { CanvasTarget } from './canvas'
import type { ChartColours } from './palette'

export const SHOWN_FOR_MS = 6000

/** A ring and a word above a closed bar that the exchange has just corrected. */
export class CorrectionMarks implements ISeriesPrimitive<Time> {
  #chart: IChartApi | null = null
  #series: ISeriesApi<'Candlestick'> | null = null
  #redraw: (() => void) | null = null
  #marks = new Map<number, { candle: Candle; timer: ReturnType<typeof setTimeout> }>()
  #colours: ChartColours
  #views: IPrimitivePaneView[]

  constructor(colours: ChartColours) {
    this.#colours = colours
    this.#views = [{ zOrder: () => 'top', renderer: () => ({ draw: (target) => this.#draw(target) }) }]
  }

  attached(parameter: SeriesAttachedParameter<Time, 'Candlestick'>): void {
    this.#chart = parameter.chart as IChartApi
    this.#series = parameter.series
    this.#redraw = parameter.requestUpdate
  }

  detached(): void {
    this.clear()
    this.#chart = null
    this.#series = null
    this.#redraw = null
  }

  paneViews(): readonly IPrimitivePaneView[] {
    return this.#views
  }

  get times(): number[] {
    return [...this.#marks.keys()]
  }

  mark(candle: Candle): void {
    clearTimeout(this.#marks.get(candle.time)?.timer)
    const timer = setTimeout(() => {
      this.#marks.delete(candle.time)
      this.#redraw?.()
    }, SHOWN_FOR_MS)
    this.#marks.set(candle.time, { candle, timer })
    this.#redraw?.()
  }

  clear(): void {
    for (const { timer } of this.#marks.values()) clearTimeout(timer)
    this.#marks.clear()
  }

  recolour(colours: ChartColours): void {
    this.#colours = colours
  }

  #draw(target: CanvasTarget): void {
    target.useMediaCoordinateSpace(({ context }) => {
      for (const { candle } of this.#marks.values()) {
        const x = this.#chart?.timeScale().timeToCoordinate((candle.time / 1000) as UTCTimestamp) ?? null
        const y = this.#series?.priceToCoordinate(candle.high) ?? null
        if (x === null || y === null) continue
        context.strokeStyle = this.#colours.note
        context.fillStyle = this.#colours.note
        context.lineWidth = 1.5
        context.beginPath()
        context.arc(x, y - 10, 4, 0, Math.PI * 2)
        context.stroke()
        context.font = '600 11px "Inter Variable", sans-serif'
        context.textAlign = 'center'
        context.fillText(text.corrected, x, y - 20)
      }
    })
  }
}
