import type { UTCTimestamp } from 'lightweight-charts'
import type { Candle } from '../../api/candleStream'
import { text } from '../../text/text'
import { type CanvasTarget, ChartPlugin } from '../chartPlugin'

export const SHOWN_FOR_MS = 6000

/** A ring and a word above a closed bar that the exchange has just corrected. */
export class CorrectionMarks extends ChartPlugin {
  #marks = new Map<number, { candle: Candle; timer: ReturnType<typeof setTimeout> }>()

  constructor() {
    super('top')
  }

  get times(): number[] {
    return [...this.#marks.keys()]
  }

  mark(candle: Candle): void {
    clearTimeout(this.#marks.get(candle.time)?.timer)
    const timer = setTimeout(() => {
      this.#marks.delete(candle.time)
      this.redraw()
    }, SHOWN_FOR_MS)
    this.#marks.set(candle.time, { candle, timer })
    this.redraw()
  }

  override clear(): void {
    for (const { timer } of this.#marks.values()) clearTimeout(timer)
    this.#marks.clear()
  }

  protected override draw(target: CanvasTarget): void {
    target.useMediaCoordinateSpace(({ context }) => {
      for (const { candle } of this.#marks.values()) {
        const x = this.chart?.timeScale().timeToCoordinate((candle.time / 1000) as UTCTimestamp) ?? null
        const y = this.series?.priceToCoordinate(candle.high) ?? null
        if (x === null || y === null) continue
        context.strokeStyle = this.colours.note
        context.fillStyle = this.colours.note
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
