import type { IPrimitivePaneView, ISeriesPrimitive, SeriesAttachedParameter, Time } from 'lightweight-charts'
import type { CanvasTarget } from './canvas'
import type { ChartColours } from './palette'

const SMALLEST_PX = 30
const LARGEST_PX = 52

/** A pale word across the pane, behind everything: simulated prices say so in every picture that is taken of them. */
export class Watermark implements ISeriesPrimitive<Time> {
  #redraw: (() => void) | null = null
  #word = ''
  #colours: ChartColours
  #views: IPrimitivePaneView[]

  constructor(colours: ChartColours) {
    this.#colours = colours
    this.#views = [{ zOrder: () => 'bottom', renderer: () => ({ draw: (target) => this.#draw(target) }) }]
  }

  attached(parameter: SeriesAttachedParameter<Time>): void {
    this.#redraw = parameter.requestUpdate
  }

  detached(): void {
    this.#redraw = null
  }

  paneViews(): readonly IPrimitivePaneView[] {
    return this.#views
  }

  show(word: string): void {
    if (word === this.#word) return
    this.#word = word
    this.#redraw?.()
  }

  recolour(colours: ChartColours): void {
    this.#colours = colours
    this.#redraw?.()
  }

  #draw(target: CanvasTarget): void {
    if (this.#word === '') return
    target.useMediaCoordinateSpace(({ context, mediaSize: { width, height } }) => {
      context.save()
      context.globalAlpha = 0.05
      context.fillStyle = this.#colours.text
      context.textAlign = 'center'
      context.textBaseline = 'middle'
      context.letterSpacing = '0.12em'
      const size = Math.min(Math.max(width / 12, SMALLEST_PX), LARGEST_PX)
      context.font = `700 ${size}px "Inter Variable", sans-serif`
      context.fillText(this.#word.toUpperCase(), width / 2, height / 2)
      context.restore()
    })
  }
}
