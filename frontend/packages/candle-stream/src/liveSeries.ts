import { backoffMs } from './backoff.js'
import type { CandleClient } from './client.js'
import { SeriesBook } from './seriesBook.js'
import type { Candle, Gap, SeriesState } from './types.js'

/** Who is told what becomes of a series. */
export interface LiveSeriesListener {
  /** The list is another one: draw it anew. */
  onReplaced?(candles: readonly Candle[]): void
  /** One candle is new at the end, or has changed in its place. */
  onCandle?(candle: Candle, index: number): void
  /** Gaps, state or error have changed. */
  onChange?(): void
}

/** History and live candles of one series in one list, for charts and hooks. It takes care of the seam, repairs, corrections and resets. */
export class LiveSeries {
  /** Oldest first. */
  candles: readonly Candle[] = []
  /** Ranges [from, to) of open times in which candles may be missing. */
  gaps: readonly Gap[] = []
  state: SeriesState | null = null
  /** Why there is nothing, or nothing new; null while all is well. */
  error: Error | null = null

  #client: CandleClient
  #series: string
  #count: number
  #listener: LiveSeriesListener
  #list: Candle[] = []
  #book = new SeriesBook()
  #historyGaps: readonly Gap[] = []
  #leave: (() => void)[] = []
  /** The question for history that is open. */
  #asking = new AbortController()
  #failures = 0
  #retry: ReturnType<typeof setTimeout> | null = null

  /** `count`: candles of history to begin with. */
  constructor(client: CandleClient, series: string, count: number, listener: LiveSeriesListener) {
    this.#client = client
    this.#series = series
    this.#count = count
    this.#listener = listener
    void this.#load()
  }

  close(): void {
    this.#asking.abort()
    if (this.#retry !== null) clearTimeout(this.#retry)
    for (const leave of this.#leave) leave()
    this.#leave = []
  }

  /** The newest question counts: what an earlier one brings may be of before a reset. */
  async #load(): Promise<void> {
    this.#asking.abort()
    this.#asking = new AbortController()
    if (this.#retry !== null) clearTimeout(this.#retry)
    const { signal } = this.#asking
    try {
      const page = await this.#client.history(this.#series, { limit: this.#count, signal })
      if (signal.aborted) return
      this.#failures = 0
      this.error = null
      this.#historyGaps = page.gaps
      this.#replace(page.candles, this.#list)
      if (this.#leave.length === 0) this.#follow(page.asof)
    } catch (failure) {
      if (signal.aborted) return
      const error = await this.#client.explain(failure)
      if (signal.aborted) return
      this.error = error
      this.#listener.onChange?.()
      this.#retry = setTimeout(() => void this.#load(), backoffMs(++this.#failures, Math.random))
    }
  }

  #follow(asof: number | null): void {
    const listener = {
      onCandles: (candles: readonly Candle[]) => this.#take(candles),
      onReset: (candles: readonly Candle[]) => {
        this.#replace(candles, [])
        // The new beginning is short; what was there before it is asked for again.
        void this.#load()
      },
      onState: (state: SeriesState) => this.#changed(state),
      onRefused: ({ detail, title }: { detail: string; title: string }) => this.#fail(new Error(detail || title)),
    }
    this.#leave.push(this.#client.subscribe(this.#series, listener, asof === null ? {} : { since: asof }))
    this.#leave.push(this.#client.onStatus(({ problem }) => this.#fail(problem ? new Error(problem.message) : null)))
  }

  #take(candles: readonly Candle[]): void {
    const newer = this.#book.accept(candles)
    const places = newer.map((candle) => this.#put(candle))
    this.candles = this.#list
    // A candle between others moves all behind it.
    if (places.some((place) => place.moved)) return this.#listener.onReplaced?.(this.#list)
    for (const [i, candle] of newer.entries()) this.#listener.onCandle?.(candle, places[i]!.index)
  }

  #put(candle: Candle): { index: number; moved: boolean } {
    const list = this.#list
    let index = list.length
    while (index > 0 && list[index - 1]!.time >= candle.time) index--
    const isHeld = list[index]?.time === candle.time
    const moved = !isHeld && index < list.length
    list.splice(index, isHeld ? 1 : 0, candle)
    return { index, moved }
  }

  /** `held`: what came meanwhile; it may be newer than the answer. */
  #replace(candles: readonly Candle[], held: readonly Candle[]): void {
    this.#book.clear()
    this.#book.accept(candles)
    this.#list = [...candles]
    const first = candles[0]?.time ?? 0
    for (const candle of this.#book.accept(held.filter(({ time }) => time >= first))) this.#put(candle)
    this.candles = this.#list
    this.#unite()
    this.#listener.onReplaced?.(this.#list)
    this.#listener.onChange?.()
  }

  #changed(state: SeriesState): void {
    const [before, now] = [JSON.stringify(this.state?.gaps ?? []), JSON.stringify(state.gaps)]
    this.state = state
    this.#unite()
    this.#listener.onChange?.()
    // A gap of history may be mended now: ask again which are left.
    if (before !== now && this.#historyGaps.length > 0) void this.#load()
  }

  #unite(): void {
    this.gaps = unite([...this.#historyGaps, ...(this.state?.gaps ?? [])])
  }

  #fail(error: Error | null): void {
    if (this.error?.message === error?.message) return
    this.error = error
    this.#listener.onChange?.()
  }
}

/** Ranges that overlap or touch are one: history and the stream name the same gap. */
function unite(gaps: readonly Gap[]): Gap[] {
  const united: Gap[] = []
  for (const [from, to] of [...gaps].sort((a, b) => a[0] - b[0])) {
    const last = united.at(-1)
    if (last !== undefined && from <= last[1]) united[united.length - 1] = [last[0], Math.max(last[1], to)]
    else united.push([from, to])
  }
  return united
}
