import type { UTCTimestamp } from 'lightweight-charts'
import type { Candle } from '../../../api/candleStream'
import { type CanvasTarget, ChartPlugin } from '../../chartPlugin'
import { formatPrice } from '../../format'

/** A price that a line is drawn at, across the chart. */
export interface Level {
  price: number
  name: string
  /** The name stands below its line, where another line's may be above. */
  below: boolean
}

const FONT = '600 11px "Inter Variable", sans-serif'

/** The highest and the lowest price in view, written beside their bars. */
export class HighLowMarks extends ChartPlugin {
  #bars: () => readonly Candle[]
  #decimals: () => number

  constructor(bars: () => readonly Candle[], decimals: () => number) {
    super('top')
    this.#bars = bars
    this.#decimals = decimals
  }

  protected override draw(target: CanvasTarget): void {
    const seen = this.chart?.timeScale().getVisibleRange() ?? null
    if (seen === null) return
    const [from, to] = [Number(seen.from as UTCTimestamp) * 1000, Number(seen.to as UTCTimestamp) * 1000]
    const extremes = extremesOf(this.#bars(), from, to)
    if (extremes === null) return
    target.useMediaCoordinateSpace(({ context, mediaSize: { width } }) => {
      context.font = FONT
      context.fillStyle = this.colours.text
      const isInverted = this.series?.priceScale().options().invertScale === true
      for (const [bar, price, below] of [
        [extremes.highest, extremes.highest.high, isInverted],
        [extremes.lowest, extremes.lowest.low, !isInverted],
      ] as const) {
        const x = this.chart?.timeScale().timeToCoordinate((bar.time / 1000) as UTCTimestamp) ?? null
        const y = this.series?.priceToCoordinate(price) ?? null
        if (x === null || y === null) continue
        const words = formatPrice(price, this.#decimals())
        const isRight = x > width / 2
        context.textAlign = isRight ? 'right' : 'left'
        context.textBaseline = below ? 'top' : 'bottom'
        context.fillText(isRight ? `${words} →` : `← ${words}`, x, y + (below ? 3 : -3))
      }
    })
  }
}

export function extremesOf(bars: readonly Candle[], from: number, to: number) {
  const seen = bars.filter(({ time }) => time >= from && time <= to)
  const [first] = seen
  if (first === undefined) return null
  return {
    highest: seen.reduce((best, bar) => (bar.high > best.high ? bar : best), first),
    lowest: seen.reduce((best, bar) => (bar.low < best.low ? bar : best), first),
  }
}

/** Lines across the chart with their names at the left. */
export class LevelLines extends ChartPlugin {
  #levels: readonly Level[] = []

  constructor() {
    super('bottom')
  }

  show(levels: readonly Level[]): void {
    this.#levels = levels
    this.redraw()
  }

  override clear(): void {
    this.#levels = []
  }

  protected override draw(target: CanvasTarget): void {
    target.useMediaCoordinateSpace(({ context, mediaSize: { width } }) => {
      context.font = FONT
      context.strokeStyle = this.colours.muted
      context.fillStyle = this.colours.muted
      context.setLineDash([6, 4])
      context.textAlign = 'right'
      for (const { price, name, below } of this.#levels) {
        const y = this.series?.priceToCoordinate(price) ?? null
        if (y === null) continue
        context.beginPath()
        context.moveTo(0, y)
        context.lineTo(width, y)
        context.stroke()
        context.textBaseline = below ? 'top' : 'bottom'
        context.fillText(name, width - 6, y + (below ? 3 : -2))
      }
      context.setLineDash([])
    })
  }
}
