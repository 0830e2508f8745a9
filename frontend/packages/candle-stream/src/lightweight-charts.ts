import type { ISeriesApi, UTCTimestamp } from 'lightweight-charts'
import { sharedClient } from './candleStream.js'
import type { CandleClient, CandleClientOptions } from './client.js'
import { LiveSeries } from './liveSeries.js'
import { splitSeries } from './rest.js'
import { timeframeMs } from './timeframe.js'
import type { Candle, Gap, SeriesState } from './types.js'

export interface AttachOptions extends CandleClientOptions {
  /** Also fills a histogram with the volume. */
  volume?: ISeriesApi<'Histogram'>
  /** Colours of the volume's bars. */
  volumeColors?: { up: string; down: string }
  /** Candles to begin with. Default: 1000. */
  history?: number
  /** A client to share; by default all charts with the same options share one. */
  client?: CandleClient
  /** State, gaps or error have changed: what a chart must say beside its candles. */
  onChange?(change: { state: SeriesState | null; gaps: readonly Gap[]; error: Error | null }): void
}

/** So many empty bars at most stand for the named gaps: a gap of months is no reason to draw a million of them. */
const MAX_EMPTY = 2000

/**
 * Fills a candlestick series of lightweight-charts: history, the seam, the stream, corrections in their place, a named gap as empty bars.
 * Returns the way to stop.
 */
export function attachCandles(
  chart: ISeriesApi<'Candlestick'>,
  series: string,
  options: AttachOptions = {},
): () => void {
  const client = options.client ?? sharedClient(options)
  const stepMs = timeframeMs(splitSeries(series).timeframe)
  const { volume, volumeColors = { up: '#26a69a80', down: '#ef535080' }, onChange } = options
  const volumeBar = ({ time, open, close, volume: value }: Candle) => ({
    time: seconds(time),
    value,
    color: close >= open ? volumeColors.up : volumeColors.down,
  })
  let drawnGaps = ''
  const drawAll = () => {
    drawnGaps = JSON.stringify(data.gaps)
    const empty = stepMs === null ? [] : emptyTimes(data.candles, data.gaps, stepMs)
    const bars = [...data.candles.map(bar), ...empty.map((time) => ({ time: seconds(time) }))]
    chart.setData(bars.sort((a, b) => Number(a.time) - Number(b.time)))
    volume?.setData(data.candles.map(volumeBar))
  }
  const data: LiveSeries = new LiveSeries(client, series, options.history ?? 1000, {
    onReplaced: drawAll,
    onCandle(candle, index) {
      const isOlder = index < data.candles.length - 1
      chart.update(bar(candle), isOlder)
      volume?.update(volumeBar(candle), isOlder)
    },
    onChange() {
      if (JSON.stringify(data.gaps) !== drawnGaps) drawAll()
      onChange?.({ state: data.state, gaps: data.gaps, error: data.error })
    },
  })
  return () => data.close()
}

/** The times of a named gap that have no candle. A quiet minute outside of a gap has no bar: nothing was traded, and nothing is missing. */
export function emptyTimes(candles: readonly Candle[], gaps: readonly Gap[], stepMs: number): number[] {
  const [first, last] = [candles[0]?.time, candles.at(-1)?.time]
  if (first === undefined || last === undefined) return []
  const held = new Set(candles.map((candle) => candle.time))
  const empty = new Set<number>()
  for (const [from, to] of gaps) {
    const begin = first + Math.ceil((Math.max(from, first) - first) / stepMs) * stepMs
    for (let time = begin; time < Math.min(to, last) && empty.size < MAX_EMPTY; time += stepMs) {
      if (!held.has(time)) empty.add(time)
    }
  }
  return [...empty]
}

function bar({ time, open, high, low, close }: Candle) {
  return { time: seconds(time), open, high, low, close }
}

/** The library counts in seconds. */
function seconds(time: number): UTCTimestamp {
  return (time / 1000) as UTCTimestamp
}
