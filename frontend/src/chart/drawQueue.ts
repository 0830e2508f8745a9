import type { Candle } from '../api/candleStream'

/** Draws what has waited. `all` asks for every bar, else `changed` (ascending, perhaps none) is enough. */
export type Draw = (changed: readonly Candle[], all: boolean) => void

/** Between draws that cost next to nothing. */
const LEAST_PAUSE_MS = 40
/** What changes out of view is not seen. */
const UNSEEN_PAUSE_MS = 1000
/** A draw is paused after for this many times what it took: drawing has 1.5 % of the main thread, on a fast machine and on a slow one. */
const PAUSE_PER_COST = 65
/** What seems to take longer was interrupted by other work. */
const LONGEST_COST_MS = 10

/** What waits to be drawn: of several versions of a bar the newest, drawn with one of the next frames and no more often than drawing can be afforded. */
export class DrawQueue {
  #draw: Draw
  #isSeen: () => boolean
  #changed = new Map<number, Candle>()
  #all = false
  #touched = false
  #costMs = 0
  #frame = 0
  #pause: ReturnType<typeof setTimeout> | null = null
  #drawnAt = Number.NEGATIVE_INFINITY

  constructor(draw: Draw, isSeen: () => boolean) {
    this.#draw = draw
    this.#isSeen = isSeen
    document.addEventListener('visibilitychange', this.#becameVisible)
  }

  add(candle: Candle): void {
    this.#changed.set(candle.time, candle)
    this.#schedule()
  }

  addAll(): void {
    if (!this.#all) this.#stopWaiting()
    this.#all = true
    this.#schedule()
  }

  /** Something other than bars has changed. */
  touch(): void {
    this.#touched = true
    this.#schedule()
  }

  dispose(): void {
    document.removeEventListener('visibilitychange', this.#becameVisible)
    this.#stopWaiting()
  }

  /** Hidden tabs run no frames; what has waited is drawn once on return. */
  #becameVisible = (): void => {
    if (document.visibilityState === 'visible' && this.#isWaiting) this.#flush()
  }

  get #isWaiting(): boolean {
    return this.#all || this.#touched || this.#changed.size > 0
  }

  #schedule(): void {
    if (this.#frame !== 0 || this.#pause !== null) return
    // Somebody has scrolled or switched and looks at the old picture: all of it is drawn with the next frame.
    const wait = this.#all ? 0 : this.#drawnAt + this.#pauseMs() - performance.now()
    if (wait <= 0) this.#frame = requestAnimationFrame(this.#flush)
    else this.#pause = setTimeout(this.#resume, wait)
  }

  #pauseMs(): number {
    return this.#isSeen() ? Math.max(LEAST_PAUSE_MS, this.#costMs * PAUSE_PER_COST) : UNSEEN_PAUSE_MS
  }

  #resume = (): void => {
    this.#pause = null
    this.#schedule()
  }

  #flush = (): void => {
    this.#stopWaiting()
    this.#drawnAt = performance.now()
    const changed = [...this.#changed.values()].sort((a, b) => a.time - b.time)
    const all = this.#all
    this.#changed.clear()
    this.#all = false
    this.#touched = false
    this.#measured(() => this.#draw(changed, all))
  }

  /** The library paints in a frame of its own, which it asks for during the draw: what is asked for before and after stands around it. */
  #measured(draw: () => void): void {
    let paintedFrom = 0
    requestAnimationFrame(() => {
      paintedFrom = performance.now()
    })
    const from = performance.now()
    draw()
    const took = performance.now() - from
    requestAnimationFrame(() => {
      const cost = Math.min(took + performance.now() - paintedFrom, LONGEST_COST_MS)
      this.#costMs = this.#costMs === 0 ? cost : this.#costMs * 0.8 + cost * 0.2
    })
  }

  #stopWaiting(): void {
    cancelAnimationFrame(this.#frame)
    this.#frame = 0
    if (this.#pause !== null) clearTimeout(this.#pause)
    this.#pause = null
  }
}
