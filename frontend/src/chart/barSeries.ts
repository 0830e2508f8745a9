import {
  type CandlestickData,
  CandlestickSeries,
  type HistogramData,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  PriceScaleMode,
  type UTCTimestamp,
  type WhitespaceData,
} from 'lightweight-charts'
import type { Candle } from '../api/candleStream'
import type { Scale } from '../state/settings'
import { decimalsFor, formatPrice, formatVolumeTick } from './format'
import type { ChartColours } from './palette'
import { isBar, type Point } from './points'

const SCALE_MODES = {
  linear: PriceScaleMode.Normal,
  log: PriceScaleMode.Logarithmic,
  percent: PriceScaleMode.Percentage,
} as const

/** The library's two series of bars: candles and, in the pane below, their volume. */
export class BarSeries {
  readonly candles: ISeriesApi<'Candlestick'>
  readonly volume: ISeriesApi<'Histogram'>
  /** How many decimals the prices are shown with. */
  decimals = 2
  #colours: ChartColours

  constructor(chart: IChartApi, colours: ChartColours) {
    this.#colours = colours
    const plain = { lastValueVisible: false, priceLineVisible: false }
    this.candles = chart.addSeries(CandlestickSeries, { borderVisible: false, ...plain })
    const priceFormat = { type: 'custom', formatter: formatVolumeTick } as const
    this.volume = chart.addSeries(HistogramSeries, { ...plain, priceFormat }, 1)
  }

  /** After the chart's own options, which speak for the price scales of all panes. Bars of volume are coloured when they are set. */
  recolour(colours: ChartColours): void {
    this.#colours = colours
    this.candles.applyOptions({
      upColor: colours.forced ? colours.background : colours.up,
      downColor: colours.down,
      borderVisible: colours.forced,
      borderUpColor: colours.up,
      borderDownColor: colours.down,
      wickUpColor: colours.up,
      wickDownColor: colours.down,
    })
    this.volume.priceScale().applyOptions({ scaleMargins: { top: 0.16, bottom: 0 } })
  }

  setScale(scale: Scale): void {
    this.candles.priceScale().applyOptions({ mode: SCALE_MODES[scale] })
  }

  setAll(points: readonly Point[]): void {
    this.candles.setData(points.map((point) => (isBar(point) ? toBar(point) : toPlace(point))))
    this.volume.setData(points.map((point) => (isBar(point) ? this.#toVolume(point) : toPlace(point))))
  }

  /** `inside`: the bar is not the last one. */
  update(candle: Candle, inside: boolean): void {
    this.candles.update(toBar(candle), inside)
    this.volume.update(this.#toVolume(candle), inside)
  }

  setDecimals(bars: readonly Candle[]): void {
    if (bars.length === 0) return
    const decimals = decimalsFor(bars)
    this.decimals = decimals
    this.candles.applyOptions({
      priceFormat: {
        type: 'custom',
        minMove: 10 ** -decimals,
        formatter: (price: number) => formatPrice(price, decimals),
      },
    })
  }

  #toVolume(candle: Candle): HistogramData<UTCTimestamp> {
    const rising = candle.close >= candle.open
    return {
      ...toPlace(candle),
      value: candle.volume,
      color: rising ? this.#colours.upVolume : this.#colours.downVolume,
    }
  }
}

export function toPlace(point: Point): WhitespaceData<UTCTimestamp> & { time: UTCTimestamp } {
  return { time: (point.time / 1000) as UTCTimestamp }
}

function toBar(candle: Candle): CandlestickData<UTCTimestamp> {
  const { open, high, low, close } = candle
  return { ...toPlace(candle), open, high, low, close }
}
