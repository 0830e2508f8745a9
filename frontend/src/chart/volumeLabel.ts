import { text } from '../text/text'
import { type CanvasTarget, ChartPlugin } from './chartPlugin'

/** `Volume 33.14` in the corner of the volume pane. */
export class VolumeLabel extends ChartPlugin {
  #text = ''
  #rising = true

  constructor() {
    super('top')
  }

  /** To be painted with the next draw; false where nothing has changed. */
  show(text: string, rising: boolean): boolean {
    if (text === this.#text && rising === this.#rising) return false
    this.#text = text
    this.#rising = rising
    return true
  }

  protected override draw(target: CanvasTarget): void {
    if (this.#text === '') return
    target.useMediaCoordinateSpace(({ context }) => {
      context.font = '500 12px "Inter Variable", sans-serif'
      context.textBaseline = 'middle'
      context.fillStyle = this.colours.muted
      context.fillText(text.volume, 12, 16)
      context.fillStyle = this.#rising ? this.colours.up : this.colours.down
      context.fillText(this.#text, 12 + context.measureText(`${text.volume} `).width, 16)
    })
  }
}
