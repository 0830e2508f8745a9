import type { IChartApi, UTCTimestamp } from 'lightweight-charts'
import type { Gap } from '../api/candleStream'
import { text } from '../text/text'
import { type CanvasTarget, ChartPlugin } from './chartPlugin'

const STRIPE_PX = 8
/** The chip's lines, its padding beside and above them, and how far from the bottom of the pane it lies. */
const CHIP = { line: 16, padding: 8, above: 6, bottom: 24 }

/** A gap on the time axis. */
export interface Stretch {
  /** First and last place of it, Unix ms. */
  places: Gap
  /** When the feed was cut, in words. */
  when: string
}

/**
 * Hatches the stretches of the time axis in which the feed was cut: "we do not know" must not look like "nothing happened".
 * In one pane a chip says so.
 */
export class GapHatching extends ChartPlugin {
  #stretches: readonly Stretch[] = []
  #isNamed: boolean

  constructor(isNamed: boolean) {
    super('bottom')
    this.#isNamed = isNamed
  }

  show(stretches: readonly Stretch[]): void {
    this.#stretches = stretches
    this.redraw()
  }

  override clear(): void {
    this.#stretches = []
  }

  protected override draw(target: CanvasTarget): void {
    const { chart } = this
    if (chart === null || this.#stretches.length === 0) return
    target.useMediaCoordinateSpace(({ context, mediaSize: { width, height } }) => {
      for (const { places, when } of this.#stretches) {
        const [left, right] = edgesOf(places, chart, width)
        if (right <= left) continue
        hatch(context, left, right, height, this.colours.gap)
        if (this.#isNamed) this.#drawChip(context, left, right, height, when)
      }
    })
  }

  /** As much of it as there is room for: the times are long over midnight. The legend says all of the place under the crosshair. */
  #drawChip(context: CanvasRenderingContext2D, left: number, right: number, height: number, when: string): void {
    context.font = '500 11px "Inter Variable", sans-serif'
    const room = right - left - 4 - 2 * CHIP.padding
    const lines = [text.feedCut, when].filter((line) => context.measureText(line).width <= room)
    const width = Math.max(...lines.map((line) => context.measureText(line).width)) + 2 * CHIP.padding
    const chipHeight = lines.length * CHIP.line + 2 * CHIP.above
    const top = height - CHIP.bottom - chipHeight
    if (lines.length === 0 || top < height / 3) return
    const middle = (left + right) / 2
    context.save()
    context.beginPath()
    context.roundRect(middle - width / 2, top, width, chipHeight, 6)
    context.fillStyle = this.colours.background
    context.fill()
    context.strokeStyle = this.colours.raised
    context.stroke()
    context.fillStyle = this.colours.note
    context.textAlign = 'center'
    context.textBaseline = 'middle'
    lines.forEach((line, i) => {
      context.fillText(line, middle, top + CHIP.above + (i + 0.5) * CHIP.line)
    })
    context.restore()
  }
}

/** Left and right edge of the places, as far as they are in view. */
function edgesOf([first, last]: Gap, chart: IChartApi, width: number): [number, number] {
  const scale = chart.timeScale()
  const half = scale.options().barSpacing / 2
  const from = scale.timeToCoordinate((first / 1000) as UTCTimestamp)
  const to = scale.timeToCoordinate((last / 1000) as UTCTimestamp)
  return from === null || to === null ? [0, 0] : [Math.max(from - half, 0), Math.min(to + half, width)]
}

function hatch(context: CanvasRenderingContext2D, left: number, right: number, height: number, colour: string): void {
  context.save()
  context.beginPath()
  context.rect(left, 0, right - left, height)
  context.clip()
  context.strokeStyle = colour
  context.lineWidth = 1.5
  context.beginPath()
  for (let x = left - height - (left % STRIPE_PX); x < right; x += STRIPE_PX) {
    context.moveTo(x, height)
    context.lineTo(x + height, 0)
  }
  context.stroke()
  context.restore()
}
