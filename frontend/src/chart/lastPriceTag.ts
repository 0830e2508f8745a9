import type { IPrimitivePaneView } from 'lightweight-charts'
import { type CanvasTarget, ChartPlugin, viewOf } from './chartPlugin'

export interface LastPrice {
  price: number
  label: string
  countdown: string
  rising: boolean
  /** Pale when the price is known to be old. */
  current: boolean
}

const HEIGHT = 36
const PADDING = 7

/** Where the last price is, seen from the prices on the axis. */
export type Side = 'inside' | 'above' | 'below'

/**
 * A dotted line at the last price and one block on the axis with price and countdown, in place of the library's label.
 * Out of view the block is only an outline with an arrow: filled, it would say that the axis shows this price there.
 */
export class LastPriceTag extends ChartPlugin {
  #last: LastPrice | null = null
  #side: Side = 'inside'
  #axisView = viewOf('top', (target) => this.#drawBlock(target))

  constructor() {
    super('top')
  }

  priceAxisPaneViews(): readonly IPrimitivePaneView[] {
    return this.#axisView
  }

  /** To be painted with the next draw; false where nothing has changed. */
  show(last: LastPrice | null): boolean {
    const { price, label, countdown, rising, current } = this.#last ?? {}
    if (
      price === last?.price &&
      label === last?.label &&
      countdown === last?.countdown &&
      rising === last?.rising &&
      current === last?.current
    )
      return false
    this.#last = last
    return true
  }

  override clear(): void {
    this.#last = null
  }

  /** For tests of the page: as it was drawn last. */
  get side(): Side {
    return this.#side
  }

  protected override draw(target: CanvasTarget): void {
    const y = this.#y()
    if (y === null || this.#last === null) return
    const colour = this.#colour(this.#last)
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      context.strokeStyle = colour
      context.globalAlpha = 0.8
      context.lineWidth = 1
      context.setLineDash([1, 2])
      context.beginPath()
      context.moveTo(0, Math.round(y) + 0.5)
      context.lineTo(mediaSize.width, Math.round(y) + 0.5)
      context.stroke()
    })
  }

  #drawBlock(target: CanvasTarget): void {
    const y = this.#y()
    const last = this.#last
    if (y === null || last === null) return
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      this.#side = y < 0 ? 'above' : y > mediaSize.height ? 'below' : 'inside'
      const outside = this.#side !== 'inside'
      const lowest = Math.max(mediaSize.height - HEIGHT - 1, 0)
      const top = Math.min(Math.max(Math.round(y - HEIGHT / 2), outside ? 1 : 0), lowest)
      context.beginPath()
      context.roundRect(outside ? 0.5 : 0, top + (outside ? 0.5 : 0), mediaSize.width - 4, HEIGHT, [0, 4, 4, 0])
      context.fillStyle = outside ? this.colours.background : this.#colour(last)
      context.fill()
      context.strokeStyle = this.#colour(last)
      context.lineWidth = 1
      if (outside) context.stroke()
      context.fillStyle = outside ? this.#colour(last) : this.colours.onTag
      context.textBaseline = 'middle'
      context.font = '650 12px "Inter Variable", sans-serif'
      const arrow = this.#side === 'above' ? '▴ ' : this.#side === 'below' ? '▾ ' : ''
      context.fillText(arrow + last.label, outside ? 3 : PADDING, top + 12)
      context.font = '500 11px "Inter Variable", sans-serif'
      context.fillText(last.countdown, PADDING, top + 26)
    })
  }

  #y(): number | null {
    if (this.#last === null || this.series === null) return null
    return this.series.priceToCoordinate(this.#last.price)
  }

  #colour(last: LastPrice): string {
    if (!last.current) return this.colours.muted
    return last.rising ? this.colours.upTag : this.colours.downTag
  }
}
