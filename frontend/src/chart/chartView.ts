import { createChartEx, type IChartApi, type LogicalRange, type MouseEventParams, type Time } from 'lightweight-charts'
import type { Candle, Gap } from '../api/candleStream'
import type { Scale, TimeZone, View } from '../state/settings'
import { AxisZone, type Tick } from './axisZone'
import { BarSeries, toPlace } from './barSeries'
import { lookOptions, startOptions } from './chartOptions'
import { DrawQueue } from './drawQueue'
import { formatStretch } from './format'
import type { Stretch } from './gapHatching'
import { type LastPrice, LastPriceTag } from './lastPriceTag'
import { Overlays } from './overlays'
import { readColours } from './palette'
import type { Point } from './points'
import { TimeAxis } from './timeAxis'
import { Viewport } from './viewport'
import { VolumeLabel } from './volumeLabel'
import { Watermark } from './watermark'
import type { ZonedTime } from './zonedTime'

/** Bars left of the view that trigger the next page of history. */
const EDGE_BARS = 40

export interface ChartListener {
  nearStart(): void
  nearEnd(): void
  /** The crosshair moved to another bar, or away. */
  hovered(time: number | null): void
  /** What has waited was drawn. */
  drawn(): void
  /** The newest bar went out of or came into view. */
  following(following: boolean): void
  /** Somebody has zoomed or moved the border of a pane. */
  viewChanged(view: View): void
}

/** The drawing of one series. Imperative: candles go in, a frame later they are on the canvas. */
export class ChartView {
  /** What is drawn besides candles and volume. */
  readonly overlays: Overlays
  #container: HTMLElement
  #chart: IChartApi
  #series: BarSeries
  #tag = new LastPriceTag()
  #legendRows = 0
  #watermark = new Watermark()
  #volumeLabel = new VolumeLabel()
  #zone = new AxisZone()
  #listener: ChartListener

  #bars: () => readonly Candle[] = () => []
  #timeframe = '1m'
  #gaps: readonly Gap[] = []
  /** Where the first bars of a series are to be shown: the time at the right edge; null is the newest. */
  #startAt: number | null = null
  #fresh = true
  #size = ''
  #axis = new TimeAxis()
  #viewport: Viewport
  #queue: DrawQueue
  #following = true
  #drawing = false
  #telling = false

  constructor(container: HTMLElement, listener: ChartListener) {
    this.#listener = listener
    this.#container = container
    this.#queue = new DrawQueue(
      (changed, all) => this.#draw(changed, all),
      () => this.#following,
    )
    this.#chart = createChartEx<Time, ZonedTime>(container, this.#zone.time, startOptions) as unknown as IChartApi
    const colours = readColours()
    this.#series = new BarSeries(this.#chart, colours)
    const { candles, volume } = this.#series
    const overlays = new Overlays(this.#chart, candles, colours)
    this.overlays = overlays
    overlays.add(this.#watermark)
    overlays.hatch(candles, true)
    overlays.add(this.#tag)
    overlays.hatch(volume)
    overlays.add(this.#volumeLabel, volume)
    this.#viewport = new Viewport(this.#chart, this.#axis, container, (view) => listener.viewChanged(view))
    this.setView(null)
    this.recolour()
    this.setTimeZone('utc')
    this.#chart.timeScale().subscribeSizeChange(() => this.#resized())
    this.#chart.timeScale().subscribeVisibleLogicalRangeChange((range) => this.#moved(range))
    this.#chart.subscribeCrosshairMove((event) => this.#crosshair(event))
    document.fonts.addEventListener('loadingdone', this.#fontsLoaded)
  }

  /** Keeps so many rows of the legend free of candles. */
  setLegendRows(rows: number): void {
    this.#legendRows = rows
    this.recolour()
  }

  /**
   * Shows another series: `bars` is read whenever all of it has to be drawn. `startAt` is the time wanted at the right edge; null is the
   * newest.
   */
  bind(bars: () => readonly Candle[], timeframe: string, startAt: number | null): void {
    this.#bars = bars
    this.#timeframe = timeframe
    this.#applyTimeZone()
    this.#gaps = []
    this.overlays.clear()
    this.#forgetPlaces()
    this.#fresh = true
    this.#startAt = startAt
    this.#following = startAt === null
    this.setAutoScale(true)
    this.redraw()
  }

  /** Draws everything anew with the next frame; what is in view stays in view. */
  redraw(): void {
    this.#queue.addAll()
  }

  /** One new or changed bar, drawn with one of the next frames; of several versions the newest is drawn. */
  update(candle: Candle): void {
    this.#queue.add(candle)
  }

  setGaps(gaps: readonly Gap[]): void {
    if (JSON.stringify(gaps) === JSON.stringify(this.#gaps)) return
    this.#gaps = gaps
    this.redraw()
  }

  markCorrection(candle: Candle): void {
    if (this.#axis.indexOf(candle.time) >= 0) void this.overlays.markCorrection(candle)
  }

  showLastPrice(last: LastPrice | null): void {
    if (this.#tag.show(last) && !this.#telling) this.#queue.touch()
  }

  /** Writes the volume of a bar into the corner of its pane. */
  showVolume(text: string, rising: boolean): void {
    if (this.#volumeLabel.show(text, rising) && !this.#telling) this.#queue.touch()
  }

  get decimals(): number {
    return this.#series.decimals
  }

  /** Reads the colours of the style sheet again. */
  recolour(): void {
    const colours = readColours()
    const { clientWidth, clientHeight } = this.#container
    this.#chart.applyOptions(
      lookOptions(colours, clientWidth, clientHeight * this.#viewport.priceShare, this.#legendRows),
    )
    this.#series.recolour(colours)
    this.overlays.recolour(colours)
    this.redraw()
  }

  setScale(scale: Scale): void {
    this.#series.setScale(scale)
  }

  setTimeZone(zone: TimeZone): void {
    const isNew = this.#zone.chosen !== zone
    this.#zone.chosen = zone
    this.#applyTimeZone()
    if (!isNew) return
    // The library weighs only places it does not know: all are taken away and set again, and the view is put where it was.
    const view = this.#viewport.range
    if (this.#axis.count === 0 || view === null) return
    const first = this.#axis.at(0)
    this.#setAll([])
    this.#drawAll()
    if (this.#axis.at(0) === first) this.#viewport.range = view
  }

  /** Price axis follows the bars in view. */
  get isAutoScaled(): boolean {
    return this.#series.candles.priceScale().options().autoScale
  }

  setAutoScale(on: boolean): void {
    this.#series.candles.priceScale().setAutoScale(on)
  }

  /** Writes a word across the chart; it is part of every picture. */
  setWatermark(word: string): void {
    this.#watermark.show(word)
  }

  /** Zoom and heights as they were left; null is how they are at first. */
  setView(view: View | null): void {
    this.#viewport.set(view)
  }

  /** Tells again that an end of the bars is near, where it is still in view. */
  pageAgain(): void {
    this.#moved(this.#viewport.range)
  }

  goLive(): void {
    this.#viewport.goLive()
  }

  resetView(): void {
    this.#viewport.reset()
    this.setAutoScale(true)
  }

  /** Above 1 shows fewer bars; the right edge stays. */
  zoom(factor: number): void {
    this.#viewport.zoom(factor)
  }

  /** Puts the crosshair on a bar and brings the bar into view; null takes it away. */
  pointAt(bar: Candle | null): void {
    if (bar === null) return this.#chart.clearCrosshairPosition()
    this.#viewport.bring(bar.time)
    this.#chart.setCrosshairPosition(bar.close, toPlace(bar).time, this.#series.candles)
  }

  /** Brings a time into the middle of the view; nothing where it is not loaded. */
  reveal(time: number): void {
    this.#viewport.centre(time)
  }

  /** Moves the view by bars; negative is into the past. */
  scroll(bars: number): void {
    this.#viewport.scroll(bars)
  }

  /** Times of the first and last bar in view, Unix ms; null when nothing is. */
  visibleTimes(): { from: number; to: number } | null {
    return this.#viewport.times
  }

  /** Time at the right edge of the view, Unix ms; null while the newest bar is in view. */
  get rightEdge(): number | null {
    return this.#following ? null : (this.visibleTimes()?.to ?? null)
  }

  screenshot(): HTMLCanvasElement {
    return this.#chart.takeScreenshot(true)
  }

  /** For tests of the page: what is drawn. */
  get drawn(): {
    bars: number[]
    lastClose: number | null
    range: LogicalRange | null
    corrected: number[]
    spacing: number
    volumeShare: number
    tag: string
  } {
    const data = this.#series.candles.data()
    const last = data.at(-1)
    return {
      bars: data.filter((item) => 'open' in item).map((item) => Number(item.time) * 1000),
      lastClose: last !== undefined && 'close' in last ? last.close : null,
      range: this.#viewport.range,
      corrected: this.overlays.corrected,
      spacing: this.#viewport.spacing,
      volumeShare: this.#viewport.volumeShare,
      tag: this.#tag.side,
    }
  }

  /** For tests of the page: where a bar's price is drawn, px. */
  spotOf(time: number, price: number): { x: number; y: number } | null {
    const x = this.#chart.timeScale().timeToCoordinate(toPlace({ time }).time)
    const y = this.#series.candles.priceToCoordinate(price)
    return x === null || y === null ? null : { x, y }
  }

  /** For tests of the page: scrolls to a logical range. */
  showRange(from: number, to: number): void {
    this.#viewport.range = { from, to }
  }

  /** For tests of the page: the texts of the time axis for what is in view, each with its weight. */
  get ticks(): Tick[] {
    return this.#zone.ticks(this.#axis.times, this.#viewport.range)
  }

  remove(): void {
    document.fonts.removeEventListener('loadingdone', this.#fontsLoaded)
    this.#viewport.remove()
    this.#queue.dispose()
    this.overlays.clear()
    this.#chart.remove()
  }

  /** A canvas keeps the letters it was drawn with: once more, in the right ones. */
  #fontsLoaded = (): void => this.recolour()

  #draw(changed: readonly Candle[], all: boolean): void {
    const shown = changed.filter((candle) => !this.#axis.isHidden(candle.time))
    if (all || !shown.every((candle) => this.#isDrawable(candle))) this.#drawAll()
    else for (const candle of shown) this.#drawOne(candle)
    // What is told now is painted with the bars.
    this.#telling = true
    this.#listener.drawn()
    this.#telling = false
    if (!all && shown.length === 0) this.#tag.redraw()
  }

  /** A bar can be drawn alone at the end, or where it has a place already. */
  #isDrawable(candle: Candle): boolean {
    const { last } = this.#axis
    return last !== undefined && (candle.time >= last || this.#axis.indexOf(candle.time) >= 0)
  }

  #drawOne(candle: Candle): void {
    const inside = candle.time < (this.#axis.last ?? 0)
    this.#axis.append(candle.time)
    this.#series.update(candle, inside)
    this.overlays.drawOne(candle, inside)
  }

  #drawAll(): void {
    const bars = this.#bars()
    const view = this.#axis.count === 0 ? null : this.#viewport.range
    const edge = view === null ? undefined : this.#viewport.edgeOf(view)
    const points = this.#axis.layOut(bars, this.#gaps, this.#timeframe, view)
    this.#series.setDecimals(bars)
    this.#drawing = true
    this.#setAll(points)
    const stretches = this.#gaps.flatMap((gap): Stretch[] => {
      const places = this.#axis.placesOf(gap)
      return places === null ? [] : [{ places, when: formatStretch(gap[0], gap[1], this.#zone.shown) }]
    })
    this.overlays.showGaps(stretches)
    if (this.#fresh && points.length > 0) {
      this.#fresh = false
      this.#viewport.begin(this.#startAt)
    } else if (edge !== undefined && !this.#following) this.#viewport.keep(edge)
    this.#drawing = false
    this.#moved(this.#viewport.range)
  }

  #forgetPlaces(): void {
    this.#axis.clear()
    this.#setAll([])
  }

  #setAll(points: readonly Point[]): void {
    this.#series.setAll(points)
    this.overlays.drawAll(points)
  }

  /** Room for the legend depends on the height. */
  #resized(): void {
    const { clientWidth, clientHeight } = this.#container
    const size = `${clientWidth} ${clientHeight}`
    if (size === this.#size) return
    this.#size = size
    this.recolour()
  }

  #applyTimeZone(): void {
    this.#chart.applyOptions(this.#zone.options(this.#timeframe))
  }

  #moved(range: LogicalRange | null): void {
    // Between two series of one drawing the range is of neither.
    if (range === null || this.#axis.count === 0 || this.#drawing) return
    const bars = this.#bars()
    const following = range.to >= this.#axis.count - 1
    if (this.#axis.isShort(bars, range) || (following && this.#axis.isLong(bars, range))) this.redraw()
    if (range.from + this.#axis.hidden < EDGE_BARS + this.overlays.warmUp) this.#listener.nearStart()
    if (range.to > this.#axis.count - EDGE_BARS) this.#listener.nearEnd()
    if (following === this.#following) return
    this.#following = following
    this.#listener.following(following)
  }

  #crosshair(event: MouseEventParams<Time>): void {
    this.#listener.hovered(event.time === undefined ? null : Number(event.time) * 1000)
  }
}
