import type {
  CustomData,
  CustomSeriesOptions,
  CustomSeriesPricePlotValues,
  CustomSeriesWhitespaceData,
  ICustomSeriesPaneRenderer,
  ICustomSeriesPaneView,
  PaneRendererCustomData,
  PriceToCoordinateConverter,
  Time,
  UTCTimestamp,
} from 'lightweight-charts'
import type { CanvasTarget } from '../../chartPlugin'
import type { Indicator } from './indicator'
import { isFirm, type Reading } from './run'

/** Told apart without colours: each ink has a dash of its own where the system allows few of them. */
const DASHES = [[], [8, 3], [4, 2, 1, 2], [12, 4], [6, 2, 2, 2], [3, 3]] as const
/** Not yet sure: dotted. */
const DOTTED = [2, 4] as const
const BAND_ALPHA = 0.08

export interface IndicatorItem extends CustomData<Time> {
  reading: Reading
}

export interface Ink {
  colour: string
  /** Which of the dashes it has where colours are the system's. */
  dash: number
}

export interface IndicatorOptions extends CustomSeriesOptions {
  ink: readonly Ink[]
  forced: boolean
}

type Data = PaneRendererCustomData<Time, IndicatorItem>

export function toItem(reading: Reading): IndicatorItem | { time: Time } {
  const time = (reading.time / 1000) as UTCTimestamp
  return reading.values === null ? { time } : { time, reading }
}

/** All lines of one indicator as one series of the chart: solid where its window is full, dotted before, nothing in a gap. */
export class IndicatorSeries
  implements ICustomSeriesPaneView<Time, IndicatorItem, IndicatorOptions>, ICustomSeriesPaneRenderer
{
  #indicator: Indicator
  #shifts: readonly number[]
  #data: Data | null = null
  #options: IndicatorOptions | null = null

  constructor(indicator: Indicator, parameters: readonly number[]) {
    this.#indicator = indicator
    this.#shifts = indicator.lines.map((line) => line.shift?.(parameters) ?? 0)
  }

  renderer(): ICustomSeriesPaneRenderer {
    return this
  }

  update(data: Data, options: IndicatorOptions): void {
    this.#data = data
    this.#options = options
  }

  priceValueBuilder({ reading }: IndicatorItem): CustomSeriesPricePlotValues {
    return (reading.values ?? []).filter(Number.isFinite)
  }

  isWhitespace(item: IndicatorItem | CustomSeriesWhitespaceData<Time>): item is CustomSeriesWhitespaceData<Time> {
    return !('reading' in item)
  }

  defaultOptions(): IndicatorOptions {
    return { ink: [], forced: false } as unknown as IndicatorOptions
  }

  draw(target: CanvasTarget, toY: PriceToCoordinateConverter): void {
    const [data, options] = [this.#data, this.#options]
    if (data === null || options === null || data.visibleRange === null) return
    target.useMediaCoordinateSpace(({ context }) => {
      context.save()
      context.lineJoin = 'round'
      const { band, lines } = this.#indicator
      if (band !== undefined) this.#fill(context, toY, data, options, band)
      lines.forEach(({ style }, index) => {
        const ink = options.ink[index]
        if (ink === undefined) return
        context.strokeStyle = ink.colour
        context.fillStyle = ink.colour
        context.lineWidth = 1.5
        if (style === 'line') {
          this.#stroke(context, toY, data, index, true, options.forced ? DASHES[ink.dash % DASHES.length]! : [])
          this.#stroke(context, toY, data, index, false, DOTTED)
        } else for (const bar of this.#seen(data, 0)) drawMark(context, toY, data, bar, index, style)
      })
      context.restore()
    })
  }

  /** One path for all firm or all other pieces: from a bar to the next place, never over a gap or a new beginning. */
  #stroke(
    context: CanvasRenderingContext2D,
    toY: PriceToCoordinateConverter,
    data: Data,
    index: number,
    firm: boolean,
    dash: readonly number[],
  ): void {
    context.setLineDash([...dash])
    context.beginPath()
    let at: { time: number; x: number; y: number } | null = null
    // A path that goes on keeps the rhythm of its dashes.
    let goesOn = false
    for (const { time, x, originalData } of this.#seen(data, this.#shifts[index]!)) {
      const { reading } = originalData
      const value = reading.values?.[index] ?? Number.NaN
      const y = Number.isFinite(value) ? toY(value) : null
      const here = y === null ? null : { time, x: x + this.#shifts[index]! * data.barSpacing, y: Number(y) }
      const isPiece = here !== null && reading.seen > 1 && time === (at?.time ?? 0) + 1 && isFirm(reading) === firm
      if (isPiece && at !== null) {
        if (!goesOn) context.moveTo(at.x, at.y)
        context.lineTo(here.x, here.y)
      }
      goesOn = isPiece && at !== null
      at = here
    }
    context.stroke()
    context.setLineDash([])
  }

  #fill(
    context: CanvasRenderingContext2D,
    toY: PriceToCoordinateConverter,
    data: Data,
    { ink, forced }: IndicatorOptions,
    [upper, lower]: readonly [number, number],
  ): void {
    if (forced) return
    const shift = this.#shifts[upper]!
    context.fillStyle = ink[upper]?.colour ?? ''
    context.globalAlpha = BAND_ALPHA
    context.beginPath()
    let at: { time: number; x: number; top: number; bottom: number } | null = null
    for (const { time, x, originalData } of this.#seen(data, shift)) {
      const { reading } = originalData
      const [top, bottom] = [toY(reading.values?.[upper] ?? Number.NaN), toY(reading.values?.[lower] ?? Number.NaN)]
      const isKnown = top !== null && bottom !== null && isFirm(reading)
      const here = isKnown ? { time, x: x + shift * data.barSpacing, top: Number(top), bottom: Number(bottom) } : null
      if (at !== null && here !== null && reading.seen > 1 && time === at.time + 1) {
        context.moveTo(at.x, at.top)
        context.lineTo(here.x, here.top)
        context.lineTo(here.x, here.bottom)
        context.lineTo(at.x, at.bottom)
        context.closePath()
      }
      at = here
    }
    context.fill()
    context.globalAlpha = 1
  }

  /** The bars in view of a line that is drawn so many places later, and one beyond each edge. */
  *#seen({ bars, visibleRange }: Data, shift: number) {
    const from = Math.max(visibleRange!.from - shift - 1, 0)
    const to = Math.min(visibleRange!.to - shift + 1, bars.length)
    for (let i = from; i < to; i++) yield bars[i]!
  }
}

function drawMark(
  context: CanvasRenderingContext2D,
  toY: PriceToCoordinateConverter,
  { barSpacing }: Data,
  { x, originalData: { reading } }: Data['bars'][number],
  index: number,
  style: 'histogram' | 'dots',
): void {
  const value = reading.values?.[index] ?? Number.NaN
  const [y, zero] = [Number.isFinite(value) ? toY(value) : null, toY(0)]
  if (y === null) return
  if (!isFirm(reading)) context.globalAlpha = 0.4
  if (style === 'dots') {
    context.beginPath()
    context.arc(x, y, Math.min(Math.max(barSpacing * 0.18, 1), 2.5), 0, Math.PI * 2)
    context.fill()
  } else if (zero !== null) {
    const width = Math.max(barSpacing * 0.6, 1)
    context.fillRect(x - width / 2, Math.min(y, zero), width, Math.max(Math.abs(zero - y), 1))
  }
  context.globalAlpha = 1
}
