import type { IChartApi, ISeriesApi } from 'lightweight-charts'
import type { Candle } from '../api/candleStream'
import type { ChartColours } from './palette'
import type { Point } from './points'

/** What is drawn from the same bars as the candles, with series of its own. Loaded when it is used first. */
export interface ChartFollower {
  /** Bars that must be loaded before the first one in view. */
  readonly warmUp: number
  attach(chart: IChartApi, candles: ISeriesApi<'Candlestick'>): void
  /** These are all places of the time axis now. */
  drawAll(points: readonly Point[]): void
  /** One bar is new or has new values; `inside`: it is not the last one. */
  drawOne(candle: Candle, inside: boolean): void
  recolour(colours: ChartColours): void
  /** Another series is about to be shown. */
  clear(): void
}
