import type {
  IChartApi,
  IPrimitivePaneView,
  ISeriesPrimitive,
  SeriesAttachedParameter,
  Time,
  UTCTimestamp,
} from 'lightweight-charts'
import type { Gap } from '../api/candleStream'
import type { CanvasTarget } from './canvas'
import type { ChartColours } from './palette'

const STRIPE_PX = 8

/** Hatches the stretches of the time axis in which the feed was cut: "we do not know" must not look like "nothing happened". */
export class GapHatching implements ISeriesPrimitive<Time> {
  #chart: IChartApi | null = null
  #redraw: (() => void) | null = null
  /** First and last place of each gap, Unix ms. */
  #stretches: readonly Gap[] = []
  #colours: ChartColours
  #views: IPrimitivePaneView[]

  constructor(colours: ChartColours) {
    this.#colours = colours
    this.#views = [{ zOrder: () => 'bottom', renderer: () => ({ draw: (target) => this.#draw(target) }) }]
  }

  attached(parameter: SeriesAttachedParameter<Time>): void {
    this.#chart = parameter.chart as IChartApi
    this.#redraw = parameter.requestUpdate
  }

  detached(): void {
    this.#chart = null
    this.#redraw = null
  }

  paneViews(): readonly IPrimitivePaneView[] {
    return this.#views
  }

  show(stretches: readonly Gap[]): void {
    this.#stretches = stretches
    this.#redraw?.()
  }

  recolour(colours: ChartColours): void {
    this.#colours = colours
    this.#redraw?.()
  }

  #draw(target: CanvasTarget): void {
    const scale = this.#chart?.timeScale()
    if (scale === undefined || this.#stretches.length === 0) return
    const half = scale.options().barSpacing / 2
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      for (const [first, last] of this.#stretches) {
        const from = scale.timeToCoordinate((first / 1000) as UTCTimestamp)
        const to = scale.timeToCoordinate((last / 1000) as UTCTimestamp)
        if (from === null || to === null) continue
        const left = Math.max(from - half, 0)
        const right = Math.min(to + half, mediaSize.width)
        if (right > left) hatch(context, left, right, mediaSize.height, this.#colours.gap)
      }
    })
  }
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
