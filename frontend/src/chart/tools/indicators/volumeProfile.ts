import type { UTCTimestamp } from 'lightweight-charts'
import type { Candle } from '../../../api/candleStream'
import { type CanvasTarget, ChartPlugin } from '../../chartPlugin'

/** Share of the width that the widest row takes. */
const WIDEST = 0.22

/** Volume by price of some bars: each bar's is spread evenly over its prices. */
export interface Profile {
  low: number
  /** Height of a row, in price. */
  step: number
  volumes: readonly number[]
}

export function profileOf(bars: readonly Candle[], rows: number): Profile | null {
  const low = Math.min(...bars.map((bar) => bar.low))
  const high = Math.max(...bars.map((bar) => bar.high))
  if (bars.length === 0 || high <= low) return null
  const step = (high - low) / rows
  const volumes = new Array<number>(rows).fill(0)
  for (const bar of bars) {
    const first = Math.min(Math.floor((bar.low - low) / step), rows - 1)
    const last = Math.min(Math.floor((bar.high - low) / step), rows - 1)
    for (let row = first; row <= last; row++) {
      const bottom = Math.max(bar.low, low + row * step)
      const top = Math.min(bar.high, low + (row + 1) * step)
      const share = bar.high === bar.low ? 1 / (last - first + 1) : (top - bottom) / (bar.high - bar.low)
      volumes[row]! += bar.volume * share
    }
  }
  return { low, step, volumes }
}

/** What was traded at which price, of the bars in view. */
export class VolumeProfile extends ChartPlugin {
  #rows: number
  #bars: () => readonly Candle[]

  constructor(rows: number, bars: () => readonly Candle[]) {
    super('bottom')
    this.#rows = rows
    this.#bars = bars
  }

  protected override draw(target: CanvasTarget): void {
    const seen = this.chart?.timeScale().getVisibleRange() ?? null
    if (seen === null) return
    const [from, to] = [Number(seen.from as UTCTimestamp) * 1000, Number(seen.to as UTCTimestamp) * 1000]
    const profile = profileOf(
      this.#bars().filter(({ time }) => time >= from && time <= to),
      this.#rows,
    )
    if (profile === null) return
    const most = Math.max(...profile.volumes)
    target.useMediaCoordinateSpace(({ context, mediaSize: { width } }) => {
      profile.volumes.forEach((volume, row) => {
        const bottom = this.series?.priceToCoordinate(profile.low + row * profile.step) ?? null
        const top = this.series?.priceToCoordinate(profile.low + (row + 1) * profile.step) ?? null
        if (bottom === null || top === null) return
        context.globalAlpha = volume === most ? 0.5 : 0.25
        context.fillStyle = this.colours.note
        context.fillRect(0, top + 0.5, (volume / most) * width * WIDEST, Math.max(bottom - top - 1, 1))
      })
      context.globalAlpha = 1
    })
  }
}
