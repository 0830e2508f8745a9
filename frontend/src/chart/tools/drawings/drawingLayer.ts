import type { IChartApi, ISeriesApi, Logical } from 'lightweight-charts'
import type { Candle } from '../../../api/candleStream'
import { timeframeMs } from '../../../feed/timeframes'
import type { ChartFollower } from '../../chartFollower'
import { type CanvasTarget, ChartPlugin } from '../../chartPlugin'
import { formatPrice } from '../../format'
import type { ChartColours } from '../../palette'
import type { Point } from '../../points'
import type { Source } from '../indicators/indicatorLayer'
import { type Anchor, type DrawingId, distanceTo, type Pen, type Spot } from './drawingKind'
import { KINDS } from './kinds'
import { Places } from './places'

/** How near a press must be to take hold, px: with a mouse and with a finger. */
const REACH = { mouse: 8, touch: 22 }
const HANDLE = 5
/** The magnet draws a price to one of the bar's four within this, px. */
const MAGNET_PX = 14
const MONTH_MS = 31 * 86_400_000

export interface Drawing {
  key: number
  id: DrawingId
  anchors: readonly Anchor[]
  ink: number
  text: string
}

/** What is under the pointer: a drawing, and one of its points or all of it (null). */
export interface Grip {
  key: number
  point: number | null
}

/** Draws the drawings, and knows which place of the canvas is which time and price. */
export class DrawingLayer extends ChartPlugin implements ChartFollower {
  readonly warmUp = 0
  #source: () => Source
  #decimals: () => number
  #drawings: readonly Drawing[] = []
  #selected: Grip | null = null
  #isHidden = false
  #times: number[] = []
  #places = new Places([], 1)

  constructor(source: () => Source, decimals: () => number) {
    super('top')
    this.#source = source
    this.#decimals = decimals
  }

  /** As a follower: the chart and its candles are given to it as a plug-in. */
  attach(_chart: IChartApi, _candles: ISeriesApi<'Candlestick'>): void {}

  /** The element of the chart, which hears the pointer. */
  get element(): HTMLElement | null {
    return this.chart?.chartElement() ?? null
  }

  /** Whether the chart itself may be moved by the pointer. */
  letChartMove(on: boolean): void {
    this.chart?.applyOptions({ handleScroll: on, handleScale: on })
  }

  show(drawings: readonly Drawing[], selected: Grip | null, isHidden: boolean): void {
    this.#drawings = drawings
    this.#selected = selected
    this.#isHidden = isHidden
    this.redraw()
  }

  drawAll(points: readonly Point[]): void {
    this.#times = points.map(({ time }) => time)
    this.#place()
  }

  drawOne({ time }: Candle): void {
    if (time <= (this.#times.at(-1) ?? Number.POSITIVE_INFINITY)) return
    this.#times.push(time)
    this.#place()
  }

  override recolour(colours: ChartColours): void {
    super.recolour(colours)
  }

  /** The drawing under a spot of the price pane, the newest first. */
  gripAt(spot: Spot, isTouch: boolean): Grip | null {
    if (this.#isHidden || this.chart === null) return null
    const reach = isTouch ? REACH.touch : REACH.mouse
    const size = this.#size
    for (const drawing of [...this.#drawings].reverse()) {
      const spots = this.#spotsOf(drawing)
      if (spots === null) continue
      const point = spots.findIndex(({ x, y }) => Math.hypot(spot.x - x, spot.y - y) <= reach)
      if (point >= 0) return { key: drawing.key, point }
      const isNear = KINDS[drawing.id].lines(spots, size).some((segment) => distanceTo(spot, segment) <= reach)
      if (isNear) return { key: drawing.key, point: null }
    }
    return null
  }

  /** Time and price at a spot of the price pane; null outside of it. With the magnet it is one of the bar's prices where one is near. */
  anchorAt({ x, y }: Spot, magnet: boolean): Anchor | null {
    const place = this.chart?.timeScale().coordinateToLogical(x) ?? null
    const price = this.series?.coordinateToPrice(y) ?? null
    const time = place === null ? null : this.#places.timeAt(place)
    if (time === null || price === null || x < 0 || y < 0 || y > this.#size.height) return null
    return { time, price: magnet ? this.#drawnTo(time, price, y) : price }
  }

  /** An anchor moved by so many bars and so many times what an arrow key is worth: a two-hundredth of the prices in view. */
  moved({ time, price }: Anchor, bars: number, ticks: number): Anchor {
    const place = this.#places.of(time)
    const moved = place === null || bars === 0 ? time : (this.#places.timeAt(Math.round(place) + bars) ?? time)
    const { height } = this.#size
    const [top, bottom] = [this.series?.coordinateToPrice(0) ?? null, this.series?.coordinateToPrice(height) ?? null]
    const tick = top === null || bottom === null ? 0 : Math.abs(top - bottom) / 200
    return { time: moved, price: price + ticks * tick }
  }

  /** A spot at these shares of the price pane. */
  spotAt(across: number, down: number): Spot {
    const { width, height } = this.#size
    return { x: width * across, y: height * down }
  }

  protected override draw(target: CanvasTarget): void {
    if (this.#isHidden) return
    target.useMediaCoordinateSpace(({ context }) => {
      const size = this.#size
      for (const drawing of this.#drawings) {
        const spots = this.#spotsOf(drawing)
        if (spots === null) continue
        const isSelected = drawing.key === this.#selected?.key
        const colour = this.colours.ink[drawing.ink % this.colours.ink.length]!
        context.save()
        context.strokeStyle = colour
        const path = new Path2D()
        for (const [a, b] of KINDS[drawing.id].lines(spots, size)) {
          path.moveTo(a.x, a.y)
          path.lineTo(b.x, b.y)
        }
        if (isSelected) {
          context.globalAlpha = 0.2
          context.lineWidth = 8
          context.stroke(path)
          context.globalAlpha = 1
        }
        context.lineWidth = 1.5
        context.stroke(path)
        KINDS[drawing.id].paint?.(this.#penFor(context, drawing, spots, colour))
        if (isSelected) this.#drawHandles(context, spots, colour)
        context.restore()
      }
    })
  }

  #penFor(context: CanvasRenderingContext2D, drawing: Drawing, spots: readonly Spot[], colour: string): Pen {
    return {
      context,
      size: this.#size,
      spots,
      anchors: drawing.anchors,
      colour,
      text: drawing.text,
      price: (value) => formatPrice(value, this.#decimals()),
      bars: (from, to) => Math.round((this.#places.of(to) ?? 0) - (this.#places.of(from) ?? 0)),
    }
  }

  #drawHandles(context: CanvasRenderingContext2D, spots: readonly Spot[], colour: string): void {
    context.lineWidth = 2
    context.strokeStyle = colour
    spots.forEach(({ x, y }, index) => {
      context.beginPath()
      context.arc(x, y, HANDLE, 0, Math.PI * 2)
      context.fillStyle = index === this.#selected?.point ? colour : this.colours.background
      context.fill()
      context.stroke()
    })
  }

  #spotsOf({ anchors }: Drawing): readonly Spot[] | null {
    const spots = anchors.map(({ time, price }) => {
      const place = this.#places.of(time)
      const x = place === null ? null : (this.chart?.timeScale().logicalToCoordinate(place as Logical) ?? null)
      const y = this.series?.priceToCoordinate(price) ?? null
      return x === null || y === null ? null : { x: Number(x), y: Number(y) }
    })
    return spots.every((spot) => spot !== null) ? spots : null
  }

  get #size() {
    const width = this.chart?.timeScale().width() ?? 0
    return { width, height: this.chart?.panes()[0]?.getHeight() ?? 0 }
  }

  #drawnTo(time: number, price: number, y: number): number {
    const bar = this.#source().bars.find((one) => one.time === time)
    if (bar === undefined) return price
    const near = [bar.open, bar.high, bar.low, bar.close]
      .map((value) => ({ value, far: Math.abs((this.series?.priceToCoordinate(value) ?? Number.NaN) - y) }))
      .filter(({ far }) => far <= MAGNET_PX)
      .sort((a, b) => a.far - b.far)
    return near[0]?.value ?? price
  }

  #place(): void {
    this.#places = new Places(this.#times, timeframeMs(this.#source().timeframe) ?? MONTH_MS)
    this.redraw()
  }
}
