import {
  type CandlestickData,
  CandlestickSeries,
  createChart,
  type HistogramData,
  HistogramSeries,
  type IChartApi,
  type ISeriesApi,
  type LogicalRange,
  type MouseEventParams,
  PriceScaleMode,
  type Time,
  type UTCTimestamp,
  type WhitespaceData,
} from 'lightweight-charts'
import type { Candle, Gap } from '../api/candleStream'
import { timeframeMs } from '../feed/timeframes'
import type { Scale, TimeZone } from '../state/settings'
import { DEFAULT_SPACING, lookOptions, RIGHT_SPACE, startOptions, tickFormatter } from './chartOptions'
import { CorrectionMarks } from './correctionMarks'
import { decimalsFor, formatMoment, formatPrice, formatVolumeTick } from './format'
import { GapHatching } from './gapHatching'
import { type LastPrice, LastPriceTag } from './lastPriceTag'
import { readColours } from './palette'
import { isBar, type Point, placePoints } from './points'
import { VolumeLabel } from './volumeLabel'

/** Below this width the page is a phone's. */
const NARROW_PX = 720
/** Bars left of the view that trigger the next page of history. */
const EDGE_BARS = 40
/** The library's redraw costs time in proportion to the bars loaded: 25 a second up to 2 000 bars, then fewer, 5 a second at 10 000. */
const FLUSH_EVERY_MS = 40
const FLUSH_MS_PER_BAR = 0.02
const DAY_MS = 86_400_000
const SCALE_MODES = {
  linear: PriceScaleMode.Normal,
  log: PriceScaleMode.Logarithmic,
  percent: PriceScaleMode.Percentage,
} as const

export interface ChartListener {
  nearStart(): void
  nearEnd(): void
  /** The crosshair moved to another bar, or away. */
  hovered(time: number | null): void
  /** What has waited was drawn. */
  drawn(): void
  /** The newest bar went out of or came into view. */
  following(following: boolean): void
}

/** The drawing of one series. Imperative: candles go in, a frame later they are on the canvas. */
export class ChartView {
  #container: HTMLElement
  #chart: IChartApi
  #candles: ISeriesApi<'Candlestick'>
  #volume: ISeriesApi<'Histogram'>
  #tag: LastPriceTag
  #hatching: GapHatching
  #marks: CorrectionMarks
  #colours = readColours()
  #volumeLabel = new VolumeLabel(this.#colours)
  #listener: ChartListener

  #bars: () => readonly Candle[] = () => []
  #timeframe = '1m'
  #gaps: readonly Gap[] = []
  #decimals = 2
  #zone: TimeZone = 'utc'
  /** Times of all places on the axis, ascending; the chart's logical index is an index into this. */
  #times: number[] = []
  #pending = new Map<number, Candle>()
  #stale = false
  #frame = 0
  #pause: ReturnType<typeof setTimeout> | null = null
  #flushedAt = Number.NEGATIVE_INFINITY
  #following = true
  #drawing = false

  constructor(container: HTMLElement, listener: ChartListener) {
    this.#listener = listener
    this.#container = container
    this.#chart = createChart(container, startOptions)
    this.#candles = this.#chart.addSeries(CandlestickSeries, {
      borderVisible: false,
      lastValueVisible: false,
      priceLineVisible: false,
    })
    this.#volume = this.#chart.addSeries(
      HistogramSeries,
      {
        lastValueVisible: false,
        priceLineVisible: false,
        priceFormat: { type: 'custom', formatter: formatVolumeTick },
      },
      1,
    )
    this.#volume.attachPrimitive(this.#volumeLabel)
    this.#tag = new LastPriceTag(this.#colours)
    this.#hatching = new GapHatching(this.#colours)
    this.#marks = new CorrectionMarks(this.#colours)
    for (const primitive of [this.#hatching, this.#tag, this.#marks]) this.#candles.attachPrimitive(primitive)
    const [main, volume] = this.#chart.panes()
    main?.setStretchFactor(4.2)
    volume?.setStretchFactor(1)
    this.recolour()
    this.setTimeZone('utc')
    this.#chart.timeScale().subscribeVisibleLogicalRangeChange((range) => this.#moved(range))
    this.#chart.subscribeCrosshairMove((event) => this.#crosshair(event))
    document.addEventListener('visibilitychange', this.#becameVisible)
    document.fonts.addEventListener('loadingdone', this.#fontsLoaded)
  }

  /** Shows another series: `bars` is read whenever all of it has to be drawn. */
  bind(bars: () => readonly Candle[], timeframe: string): void {
    this.#bars = bars
    this.#timeframe = timeframe
    this.#applyTimeZone()
    this.#gaps = []
    this.#hatching.show([])
    this.#marks.clear()
    this.#times = []
    this.#candles.setData([])
    this.#volume.setData([])
    this.#tag.show(null)
    this.#following = true
    this.#candles.priceScale().setAutoScale(true)
    this.resetView()
    this.redraw()
  }

  /** Draws everything anew with the next frame; what is in view stays in view. */
  redraw(): void {
    this.#stale = true
    this.#schedule()
  }

  /** One new or changed bar, drawn with one of the next frames; of several versions the newest is drawn. */
  update(candle: Candle): void {
    this.#pending.set(candle.time, candle)
    this.#schedule()
  }

  setGaps(gaps: readonly Gap[]): void {
    if (JSON.stringify(gaps) === JSON.stringify(this.#gaps)) return
    this.#gaps = gaps
    this.redraw()
  }

  markCorrection(candle: Candle): void {
    this.#marks.mark(candle)
  }

  showLastPrice(last: LastPrice | null): void {
    this.#tag.show(last)
  }

  /** Writes the volume of a bar into the corner of its pane. */
  showVolume(text: string, rising: boolean): void {
    this.#volumeLabel.show(text, rising)
  }

  get decimals(): number {
    return this.#decimals
  }

  /** Reads the colours of the style sheet again. */
  recolour(): void {
    const colours = readColours()
    this.#colours = colours
    this.#chart.applyOptions(lookOptions(colours, this.#container.clientWidth < NARROW_PX))
    this.#candles.applyOptions({
      upColor: colours.up,
      downColor: colours.down,
      wickUpColor: colours.up,
      wickDownColor: colours.down,
    })
    // After the chart's own options, which speak for the price scales of all panes.
    this.#volume.priceScale().applyOptions({ scaleMargins: { top: 0.16, bottom: 0 } })
    for (const primitive of [this.#tag, this.#hatching, this.#marks, this.#volumeLabel]) primitive.recolour(colours)
    this.redraw()
  }

  setScale(scale: Scale): void {
    this.#candles.priceScale().applyOptions({ mode: SCALE_MODES[scale] })
  }

  setTimeZone(zone: TimeZone): void {
    this.#zone = zone
    this.#applyTimeZone()
  }

  /** A jump, not a ride: bars that arrive on the way would stop it. */
  goLive(): void {
    this.#chart.timeScale().scrollToPosition(RIGHT_SPACE, false)
  }

  resetView(): void {
    this.#chart.timeScale().applyOptions({ barSpacing: DEFAULT_SPACING })
    this.#chart.timeScale().scrollToPosition(RIGHT_SPACE, false)
    this.#candles.priceScale().setAutoScale(true)
  }

  /** Above 1 shows fewer bars; the right edge stays. */
  zoom(factor: number): void {
    const scale = this.#chart.timeScale()
    scale.applyOptions({ barSpacing: Math.min(Math.max(scale.options().barSpacing * factor, 1), 60) })
  }

  /** Moves the view by bars; negative is into the past. */
  scroll(bars: number): void {
    const scale = this.#chart.timeScale()
    scale.scrollToPosition(scale.scrollPosition() + bars, false)
  }

  /** Times of the first and last bar in view, Unix ms; null when nothing is. */
  visibleTimes(): { from: number; to: number } | null {
    const range = this.#chart.timeScale().getVisibleLogicalRange()
    const from = range === null ? undefined : this.#times[Math.max(Math.ceil(range.from), 0)]
    const to = range === null ? undefined : this.#times[Math.min(Math.floor(range.to), this.#times.length - 1)]
    return from === undefined || to === undefined ? null : { from, to }
  }

  screenshot(): HTMLCanvasElement {
    return this.#chart.takeScreenshot(true)
  }

  /** For tests of the page: what is drawn. */
  get drawn(): { bars: number[]; lastClose: number | null; range: LogicalRange | null; corrected: number[] } {
    const data = this.#candles.data()
    const last = data.at(-1)
    return {
      bars: data.filter((item) => 'open' in item).map((item) => Number(item.time) * 1000),
      lastClose: last !== undefined && 'close' in last ? last.close : null,
      range: this.#chart.timeScale().getVisibleLogicalRange(),
      corrected: this.#marks.times,
    }
  }

  /** For tests of the page: scrolls to a logical range. */
  showRange(from: number, to: number): void {
    this.#chart.timeScale().setVisibleLogicalRange({ from, to })
  }

  remove(): void {
    document.removeEventListener('visibilitychange', this.#becameVisible)
    document.fonts.removeEventListener('loadingdone', this.#fontsLoaded)
    cancelAnimationFrame(this.#frame)
    this.#frame = 0
    if (this.#pause !== null) clearTimeout(this.#pause)
    this.#marks.clear()
    this.#chart.remove()
  }

  /** A canvas keeps the letters it was drawn with: once more, in the right ones. */
  #fontsLoaded = (): void => this.recolour()

  /** Hidden tabs run no frames; what has waited is drawn once on return. */
  #becameVisible = (): void => {
    if (document.visibilityState === 'visible' && (this.#stale || this.#pending.size > 0)) this.#flush()
  }

  #schedule(): void {
    if (this.#frame !== 0 || this.#pause !== null) return
    const every = Math.max(FLUSH_EVERY_MS, this.#times.length * FLUSH_MS_PER_BAR)
    const wait = this.#flushedAt + every - performance.now()
    if (wait <= 0) this.#frame = requestAnimationFrame(this.#flush)
    else this.#pause = setTimeout(this.#resume, wait)
  }

  #resume = (): void => {
    this.#pause = null
    this.#schedule()
  }

  #flush = (): void => {
    cancelAnimationFrame(this.#frame)
    this.#frame = 0
    this.#flushedAt = performance.now()
    const pending = [...this.#pending.values()].sort((a, b) => a.time - b.time)
    this.#pending.clear()
    const drawable = pending.every((candle) => this.#isDrawable(candle))
    if (this.#stale || !drawable) this.#drawAll()
    else for (const candle of pending) this.#drawOne(candle)
    this.#listener.drawn()
  }

  /** A bar can be drawn alone at the end, or where it has a place already. */
  #isDrawable(candle: Candle): boolean {
    const last = this.#times.at(-1)
    return last !== undefined && (candle.time >= last || this.#placeOf(candle.time) >= 0)
  }

  #drawOne(candle: Candle): void {
    const last = this.#times.at(-1) ?? 0
    if (candle.time > last) this.#times.push(candle.time)
    const inside = candle.time < last
    this.#candles.update(toBar(candle), inside)
    this.#volume.update(this.#toVolume(candle), inside)
  }

  #drawAll(): void {
    this.#stale = false
    const bars = this.#bars()
    const points = placePoints(bars, this.#gaps, this.#timeframe)
    const before = this.#following ? null : this.#chart.timeScale().getVisibleLogicalRange()
    const oldTimes = this.#times
    this.#times = points.map((point) => point.time)
    this.#setDecimals(bars)
    this.#drawing = true
    this.#candles.setData(points.map((point) => (isBar(point) ? toBar(point) : toPlace(point))))
    this.#volume.setData(points.map((point) => (isBar(point) ? this.#toVolume(point) : toPlace(point))))
    this.#hatching.show(stretchesOf(this.#gaps, this.#times))
    if (before !== null) this.#keepView(before, oldTimes)
    this.#drawing = false
    this.#moved(this.#chart.timeScale().getVisibleLogicalRange())
  }

  /** The bar that was at the left edge is put there again, whatever was added or given up around it. */
  #keepView(before: LogicalRange, oldTimes: readonly number[]): void {
    const edge = Math.min(Math.max(Math.ceil(before.from), 0), oldTimes.length - 1)
    const time = oldTimes[edge]
    if (time === undefined) return
    const place = this.#placeOf(time)
    if (place < 0) return
    // By scrolling, not by setting the range: that would change the width of the bars wherever the axis has become wider.
    this.#chart.timeScale().scrollToPosition(before.to + place - edge - (this.#times.length - 1), false)
  }

  /** Candles of a day and longer are the exchange's days: they keep its dates in every zone. */
  #applyTimeZone(): void {
    const length = timeframeMs(this.#timeframe)
    const zone = length === null || length >= DAY_MS ? 'utc' : this.#zone
    this.#chart.applyOptions({
      localization: { timeFormatter: (time: Time) => formatMoment(Number(time) * 1000, zone) },
      timeScale: { tickMarkFormatter: tickFormatter(zone) },
    })
  }

  #placeOf(time: number): number {
    let low = 0
    let high = this.#times.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const found = this.#times[middle]!
      if (found === time) return middle
      if (found < time) low = middle + 1
      else high = middle - 1
    }
    return -1
  }

  #setDecimals(bars: readonly Candle[]): void {
    if (bars.length === 0) return
    const decimals = decimalsFor(bars)
    this.#decimals = decimals
    this.#candles.applyOptions({
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

  #moved(range: LogicalRange | null): void {
    // Between two series of one drawing the range is of neither.
    if (range === null || this.#times.length === 0 || this.#drawing) return
    if (range.from < EDGE_BARS) this.#listener.nearStart()
    if (range.to > this.#times.length - EDGE_BARS) this.#listener.nearEnd()
    const following = range.to >= this.#times.length - 1
    if (following === this.#following) return
    this.#following = following
    this.#listener.following(following)
  }

  #crosshair(event: MouseEventParams<Time>): void {
    this.#listener.hovered(event.time === undefined ? null : Number(event.time) * 1000)
  }
}

function toBar(candle: Candle): CandlestickData<UTCTimestamp> {
  const { open, high, low, close } = candle
  return { ...toPlace(candle), open, high, low, close }
}

function toPlace(point: Point): WhitespaceData<UTCTimestamp> & { time: UTCTimestamp } {
  return { time: (point.time / 1000) as UTCTimestamp }
}

/** First and last place of every gap that has places on the axis. */
function stretchesOf(gaps: readonly Gap[], times: readonly number[]): Gap[] {
  return gaps.flatMap(([from, to]): Gap[] => {
    const inside = times.filter((time) => time >= from && time < to)
    return inside.length === 0 ? [] : [[inside[0]!, inside.at(-1)!]]
  })
}
