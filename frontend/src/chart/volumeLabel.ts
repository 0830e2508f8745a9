import type { IPrimitivePaneView, ISeriesPrimitive, SeriesAttachedParameter, Time } from 'lightweight-charts'
import { text } from '../text/text'
import type { CanvasTarget } from './canvas'
import type { ChartColours } from './palette'

/** `Volume 33.14` in the corner of the volume pane. */
export class VolumeLabel implements ISeriesPrimitive<Time> {
  #redraw: (() => void) | null = null
  #text = ''
  #rising = true
  #colours: ChartColours
  #views: IPrimitivePaneView[]

  constructor(colours: ChartColours) {
    this.#colours = colours
    this.#views = [{ zOrder: () => 'top', renderer: () => ({ draw: (target) => this.#draw(target) }) }]
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

  /** To be painted with the next draw; false where nothing has changed. */
  show(text: string, rising: boolean): boolean {
    if (text === this.#text && rising === this.#rising) return false
    this.#text = text
    this.#rising = rising
    return true
  }

  recolour(colours: ChartColours): void {
    this.#colours = colours
    this.#redraw?.()
  }

  #draw(target: CanvasTarget): void {
    if (this.#text === '') return
    target.useMediaCoordinateSpace(({ context }) => {
      context.font = '500 12px "Inter Variable", sans-serif'
      context.textBaseline = 'middle'
      context.fillStyle = this.#colours.muted
      context.fillText(text.volume, 12, 16)
      context.fillStyle = this.#rising ? this.#colours.up : this.#colours.down
      context.fillText(this.#text, 12 + context.measureText(`${text.volume} `).width, 16)
    })
  }
}
