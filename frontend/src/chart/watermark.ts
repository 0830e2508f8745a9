import { type CanvasTarget, ChartPlugin } from './chartPlugin'

const SMALLEST_PX = 30
const LARGEST_PX = 52

/** A pale word across the pane, behind everything: simulated prices say so in every picture that is taken of them. */
export class Watermark extends ChartPlugin {
  #word = ''

  constructor() {
    super('bottom')
  }

  show(word: string): void {
    if (word === this.#word) return
    this.#word = word
    this.redraw()
  }

  protected override draw(target: CanvasTarget): void {
    if (this.#word === '') return
    target.useMediaCoordinateSpace(({ context, mediaSize: { width, height } }) => {
      context.save()
      context.globalAlpha = 0.05
      context.fillStyle = this.colours.text
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
