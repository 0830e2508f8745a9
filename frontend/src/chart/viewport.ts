import type { IChartApi, LogicalRange } from 'lightweight-charts'
import type { View } from '../state/settings'
import { DEFAULT_SPACING, LEAST_SPACING, rightSpace } from './chartOptions'
import type { TimeAxis } from './timeAxis'

/** Share of the height that the volume has before anybody moves the border. */
const VOLUME_SHARE = 0.19
/** A short history is spread over so much of the width, but no bar becomes wider than this. */
const WIDEST_SPREAD_PX = 28
/** What a zoom by key may come to. */
const MOST_SPACING = 60
/** After these somebody may have zoomed or moved a border. */
const BY_HAND = ['pointerup', 'wheel', 'touchend', 'keyup'] as const

/** The first bar in view, how far right of it the view ends, and how many places follow it. */
export interface Edge {
  time: number
  width: number
  following: number
}

/** What is in view: the place in time, the zoom, and how the panes share the height. */
export class Viewport {
  #chart: IChartApi
  #axis: TimeAxis
  #container: HTMLElement
  #changed: (view: View) => void
  #view: View | null = null

  /** `changed`: somebody has zoomed or moved the border of a pane. */
  constructor(chart: IChartApi, axis: TimeAxis, container: HTMLElement, changed: (view: View) => void) {
    this.#chart = chart
    this.#axis = axis
    this.#container = container
    this.#changed = changed
    for (const event of BY_HAND) container.addEventListener(event, this.#tell, { passive: true })
  }

  remove(): void {
    for (const event of BY_HAND) this.#container.removeEventListener(event, this.#tell)
  }

  /** Places in view; the library counts them from the first one it has been given. */
  get range(): LogicalRange | null {
    return this.#chart.timeScale().getVisibleLogicalRange()
  }

  set range(range: { from: number; to: number }) {
    this.#chart.timeScale().setVisibleLogicalRange(range)
  }

  get spacing(): number {
    return this.#chart.timeScale().options().barSpacing
  }

  get volumeShare(): number {
    const [main, volume] = this.#chart.panes().map((pane) => pane.getHeight())
    return Number(((volume ?? 0) / Math.max((main ?? 0) + (volume ?? 0), 1)).toFixed(3))
  }

  /** What the price has of the height of all panes. */
  get priceShare(): number {
    const factors = this.#chart.panes().map((pane) => pane.getStretchFactor())
    return factors[0]! / factors.reduce((a, b) => a + b, 0)
  }

  /** Times of the first and last bar in view, Unix ms; null when nothing is. */
  get times(): { from: number; to: number } | null {
    const { range } = this
    const from = range === null ? undefined : this.#axis.at(Math.max(Math.ceil(range.from), 0))
    const to = range === null ? undefined : this.#axis.at(Math.min(Math.floor(range.to), this.#axis.count - 1))
    return from === undefined || to === undefined ? null : { from, to }
  }

  /** Zoom and heights as they were left; null is how they are at first. */
  set(view: View | null): void {
    this.#view = view
    const [main, volume] = this.#chart.panes()
    const share = view?.volumeShare ?? VOLUME_SHARE
    main?.setStretchFactor(1 - share)
    volume?.setStretchFactor(share)
    this.#setSpacing(view?.spacing ?? DEFAULT_SPACING)
  }

  reset(): void {
    this.set(null)
    this.#spread()
    this.goLive()
  }

  /** A jump, not a ride: bars that arrive on the way would stop it. */
  goLive(): void {
    this.#scrollTo(rightSpace(this.#container.clientWidth))
  }

  /** Moves the view by bars; negative is into the past. */
  scroll(bars: number): void {
    this.#scrollTo(this.#chart.timeScale().scrollPosition() + bars)
  }

  /** Above 1 shows fewer bars; the right edge stays. */
  zoom(factor: number): void {
    this.#setSpacing(Math.min(Math.max(this.spacing * factor, LEAST_SPACING), MOST_SPACING))
    this.#tell()
  }

  /** Brings a time into the middle; nothing where it is not loaded. */
  centre(time: number): void {
    const { range } = this
    const place = this.#axis.indexBefore(time)
    if (range === null || place < 0) return
    this.scroll(Math.round(place - (range.from + range.to) / 2))
  }

  /** Scrolls no further than needed to see the bar of this time. */
  bring(time: number): void {
    const { range } = this
    const place = this.#axis.indexOf(time)
    if (range === null || place < 0) return
    if (place < range.from) this.scroll(Math.floor(place - range.from) - 1)
    else if (place > range.to) this.scroll(Math.ceil(place - range.to) + 1)
  }

  /** Where the first bars of a series are to be seen: `startAt` at the right edge; null is the newest. */
  begin(startAt: number | null): void {
    if (this.#view === null) this.#spread()
    const index = startAt === null ? -1 : this.#axis.indexBefore(startAt)
    if (index < 0) this.goLive()
    else this.#scrollTo(index - (this.#axis.count - 1))
  }

  edgeOf(range: LogicalRange): Edge | undefined {
    const place = Math.min(Math.max(Math.ceil(range.from), 0), this.#axis.count - 1)
    const time = this.#axis.at(place)
    return time === undefined ? undefined : { time, width: range.to - place, following: this.#axis.count - 1 - place }
  }

  /** The bar that was at the left edge is put there again after bars were added or given up around it. */
  keep({ time, width, following }: Edge): void {
    const place = this.#axis.indexOf(time)
    // The library counts from the newest bar. Where nothing changed from here on it keeps the view itself, and a scroll that it has yet to
    // carry out stays in force.
    if (place < 0 || this.#axis.count - 1 - place === following) return
    // By scrolling, not by setting the range: that would change the width of the bars wherever the axis has become wider.
    this.#scrollTo(place + width - (this.#axis.count - 1))
  }

  /** A short history is not squeezed into the right end. */
  #spread(): void {
    const width = this.#chart.timeScale().width()
    const places = this.#axis.count + rightSpace(this.#container.clientWidth)
    this.#setSpacing(Math.min(Math.max(DEFAULT_SPACING, width / places), WIDEST_SPREAD_PX))
  }

  #scrollTo(position: number): void {
    this.#chart.timeScale().scrollToPosition(position, false)
  }

  #setSpacing(barSpacing: number): void {
    this.#chart.timeScale().applyOptions({ barSpacing })
  }

  /** What somebody's hands have changed is told; what we have set ourselves is not. */
  #tell = (): void => {
    // The library works in frames of its own.
    requestAnimationFrame(() => {
      const view = { spacing: this.spacing, volumeShare: this.volumeShare }
      const before = this.#view ?? { spacing: DEFAULT_SPACING, volumeShare: VOLUME_SHARE }
      if (view.spacing === before.spacing && Math.abs(view.volumeShare - before.volumeShare) < 0.01) return
      this.#view = view
      this.#changed(view)
    })
  }
}
