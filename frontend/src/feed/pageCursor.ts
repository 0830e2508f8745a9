import type { History } from '../api/market'

export const FIRST_PAUSE_MS = 5000
const LONGEST_PAUSE_MS = 60_000

/** One end of the loaded bars: from where the next page is asked, and the pause after a page that brought none. */
export class PageCursor {
  #again: () => void
  /** Up to here the server knows of no bar, though it does not know of the end either. */
  #passed: number | null = null
  #pauseMs = FIRST_PAUSE_MS
  #timer: ReturnType<typeof setTimeout> | null = null

  /** `again` is called when a pause is over. */
  constructor(again: () => void) {
    this.#again = again
  }

  get isPausing(): boolean {
    return this.#timer !== null
  }

  /** Bound of the next query, where `edge` would follow upon the bars held. */
  from(edge: number): number {
    return this.#passed ?? edge
  }

  /** Bars take the cursor along. Without any the server did not know them in time, and is asked for the same again, or there are none in this stretch. */
  answered({ candles, gaps, next }: History): void {
    if (candles.length > 0) return this.reset()
    if (next === null && gaps.length === 0) return
    if (gaps.length === 0) this.#passed = next
    this.#pause(this.#pauseMs)
    this.#pauseMs = gaps.length === 0 ? FIRST_PAUSE_MS : Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS)
  }

  /** The bars at this end are others now. */
  reset(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#passed = null
    this.#pauseMs = FIRST_PAUSE_MS
  }

  #pause(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#again()
    }, ms)
  }
}
