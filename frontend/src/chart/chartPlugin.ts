import type {
  IChartApi,
  IPrimitivePaneRenderer,
  IPrimitivePaneView,
  ISeriesApi,
  ISeriesPrimitive,
  SeriesAttachedParameter,
  Time,
} from 'lightweight-charts'
import type { ChartColours } from './palette'

/** What a plug-in draws on. */
export type CanvasTarget = Parameters<IPrimitivePaneRenderer['draw']>[0]

/**
 * Something drawn in a pane of the chart besides candles and volume. `ChartView.add` puts it there, and all it has to know is
 * how it is drawn: it is told the colours, and told to forget when another series is shown. Tools are loaded when they are used first.
 */
export abstract class ChartPlugin implements ISeriesPrimitive<Time> {
  protected chart: IChartApi | null = null
  protected series: ISeriesApi<'Candlestick'> | null = null
  protected colours!: ChartColours
  #redraw: (() => void) | null = null
  #views: readonly IPrimitivePaneView[]

  /** Above the candles or below them. */
  constructor(level: 'top' | 'bottom') {
    this.#views = viewOf(level, (target) => this.draw(target))
  }

  /** Paints it onto its pane. */
  protected abstract draw(target: CanvasTarget): void

  /** Another series is about to be shown. */
  clear(): void {}

  attached(parameter: SeriesAttachedParameter<Time, 'Candlestick'>): void {
    this.chart = parameter.chart as IChartApi
    this.series = parameter.series
    this.#redraw = parameter.requestUpdate
  }

  detached(): void {
    this.clear()
    this.chart = null
    this.series = null
    this.#redraw = null
  }

  paneViews(): readonly IPrimitivePaneView[] {
    return this.#views
  }

  recolour(colours: ChartColours): void {
    this.colours = colours
    this.redraw()
  }

  /** Has the chart painted again. */
  redraw(): void {
    this.#redraw?.()
  }
}

/** The one view of something drawn. */
export function viewOf(level: 'top' | 'bottom', draw: (target: CanvasTarget) => void): readonly IPrimitivePaneView[] {
  return [{ zOrder: () => level, renderer: () => ({ draw }) }]
}
