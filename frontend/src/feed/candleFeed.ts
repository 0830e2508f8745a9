import {
  type Candle,
  type CandleClient,
  type Gap,
  HttpProblem,
  type Refusal,
  type SeriesState,
} from '../api/candleStream'
import type { MarketApi } from '../api/market'
import { CandleList, sameValues } from './candleList'
import { subtractGaps, uniteGaps } from './gaps'

/** Bars asked for at first, and with every step into the past. */
const FIRST_PAGE = 600
const NEXT_PAGE = 1000
/** Redrawing costs time in proportion to the bars loaded; beyond this the far end is let go. */
export const MAX_BARS = 10_000
/** A live page asks the server once a minute whether it missed anything. */
export const REFRESH_EVERY_MS = 60_000
const FIRST_RETRY_MS = 5000

/** What the chart is told. */
export interface FeedListener {
  /** The bars were replaced or extended at an end: draw all of them. */
  redraw(): void
  /** One bar is new or has new values. */
  update(candle: Candle): void
  /** The server changed a bar that was already closed. */
  corrected(candle: Candle): void
  gaps(gaps: readonly Gap[]): void
  /** Loading, error, end of history or the server's word on the series changed. */
  changed(): void
}

/** One series on one page: history, live candles, refresh and paging in one list. Knows neither React nor the chart. */
export class CandleFeed {
  readonly series: string
  readonly list = new CandleList()

  loading = true
  /** The series cannot be shown, in the server's words. */
  refusal: Refusal | null = null
  /** The first load failed and will be tried again. */
  problem: string | null = null
  state: SeriesState | null = null
  loadingOlder = false
  atStart = false
  /** The loaded bars end before the present: the newest were given up for older ones. */
  detached = false
  /** The newest candle of the series, also while `detached`. */
  latest: Candle | null = null

  #client: CandleClient
  #api: MarketApi
  #listener: FeedListener
  #asof: number | null = null
  #historyGaps: Gap[] = []
  #leave: (() => void) | null = null
  #refresh: ReturnType<typeof setTimeout> | null = null
  #life = new AbortController()
  #paging = false

  constructor(series: string, client: CandleClient, api: MarketApi, listener: FeedListener) {
    this.series = series
    this.#client = client
    this.#api = api
    this.#listener = listener
  }

  get gaps(): Gap[] {
    return uniteGaps(this.#historyGaps, this.state?.gaps ?? [])
  }

  /** History first: only its answer can say that a series does not exist. The stream then takes over at its `asof`. */
  async start(): Promise<void> {
    try {
      const history = await this.#api.candles(this.series, { limit: FIRST_PAGE }, this.#life.signal)
      this.#asof = history.asof
      this.#historyGaps = history.gaps
      this.list.replace(history.candles)
      this.atStart = history.candles.length === 0
      this.latest = this.list.last ?? null
      this.loading = false
      this.problem = null
      this.#listener.gaps(this.gaps)
      this.#listener.redraw()
    } catch (failure) {
      if (this.#life.signal.aborted) return
      if (failure instanceof HttpProblem && failure.isFinal) return this.#refuse(failure.refusal)
      this.problem = messageOf(failure)
      this.#refresh = setTimeout(() => void this.start(), FIRST_RETRY_MS)
    }
    this.#follow()
    this.#listener.changed()
  }

  /** Ends every request, timer and callback. */
  dispose(): void {
    this.#life.abort()
    this.#leave?.()
    this.#leave = null
    if (this.#refresh !== null) clearTimeout(this.#refresh)
  }

  /** Loads what comes before the first bar. */
  async loadOlder(): Promise<void> {
    const first = this.list.first
    if (first === undefined || this.#paging || this.atStart || this.loading) return
    await this.#page('older', async () => {
      const query = { end: first.time - 1, limit: NEXT_PAGE }
      const { candles, gaps } = await this.#api.candles(this.series, query, this.#life.signal)
      this.atStart = candles.length === 0
      this.#historyGaps = uniteGaps(this.#historyGaps, gaps)
      this.list.mergeAll(candles)
      if (this.list.trim(MAX_BARS, 'newest') > 0) this.detached = true
    })
  }

  /** While detached: loads what comes after the last bar, until the present is reached. */
  async loadNewer(): Promise<void> {
    const last = this.list.last
    if (last === undefined || this.#paging || !this.detached) return
    await this.#page('newer', async () => {
      const query = { start: last.time + 1, limit: NEXT_PAGE }
      const { candles } = await this.#api.candles(this.series, query, this.#life.signal)
      this.list.mergeAll(candles)
      if (this.list.trim(MAX_BARS, 'oldest') > 0) this.atStart = false
      if (candles.length < NEXT_PAGE) this.detached = false
    })
  }

  /** Back to the newest bars. */
  async goLive(): Promise<void> {
    if (!this.detached) return
    await this.#page('newer', async () => {
      const { candles, asof } = await this.#api.candles(this.series, { limit: FIRST_PAGE }, this.#life.signal)
      this.list.replace(candles)
      this.#asof = asof
      this.atStart = false
      this.detached = false
    })
  }

  async #page(where: 'older' | 'newer', load: () => Promise<void>): Promise<void> {
    this.#paging = true
    this.loadingOlder = where === 'older'
    this.#listener.changed()
    try {
      await load()
      if (this.#life.signal.aborted) return
      this.#listener.gaps(this.gaps)
      this.#listener.redraw()
    } catch {
      // The next scroll asks again; the bars on screen stay.
    } finally {
      this.#paging = false
      this.loadingOlder = false
      if (!this.#life.signal.aborted) this.#listener.changed()
    }
  }

  #follow(): void {
    this.#leave ??= this.#client.subscribe(
      this.series,
      {
        onCandles: (candles) => this.#take(candles),
        onReset: (candles) => this.#reset(candles),
        onState: (state) => this.#takeState(state),
        onRefused: (refusal) => this.list.last === undefined && this.#refuse(refusal),
      },
      this.#asof === null ? {} : { since: this.#asof },
    )
    if (!this.loading) this.#scheduleRefresh()
  }

  #take(candles: readonly Candle[]): void {
    for (const candle of candles) {
      if (this.latest === null || candle.time >= this.latest.time) this.latest = candle
      // Bars outside of what is loaded come with the page they belong to; without that a hole would look like history.
      const first = this.list.first
      if (first !== undefined && candle.time < first.time) continue
      const last = this.list.last
      if (this.detached && last !== undefined && candle.time > last.time) continue
      this.#show(candle)
    }
    if (this.loading && this.list.last !== undefined) {
      this.loading = false
      this.#listener.changed()
    }
  }

  #show(candle: Candle): void {
    const merge = this.list.merge(candle)
    if (merge.what === 'dropped') return
    this.#listener.update(candle)
    if (merge.what === 'updated' && merge.previous.closed && !sameValues(merge.previous, candle)) {
      this.#listener.corrected(candle)
    }
    if (merge.what === 'appended' && this.list.bars.length > MAX_BARS) this.#dropOldest()
  }

  #dropOldest(): void {
    // A tenth at once, so that the full redraw is rare.
    this.list.trim(MAX_BARS - MAX_BARS / 10, 'oldest')
    this.atStart = false
    this.#listener.redraw()
  }

  /** The server cannot say what changed since: its candles replace ours. An empty answer leaves the chart until history has come. */
  #reset(candles: readonly Candle[]): void {
    if (candles.length > 0) {
      this.list.replace(candles)
      this.latest = this.list.last ?? null
      this.atStart = false
      this.detached = false
      this.#historyGaps = []
      this.#listener.redraw()
      this.#listener.gaps(this.gaps)
    }
    this.#asof = null
    void this.#reload()
  }

  #takeState(state: SeriesState): void {
    const repaired = subtractGaps(this.state?.gaps ?? [], state.gaps)
    this.#historyGaps = subtractGaps(this.#historyGaps, repaired)
    this.state = state
    this.#listener.gaps(this.gaps)
    this.#listener.changed()
  }

  #refuse(refusal: Refusal): void {
    this.refusal = refusal
    this.loading = false
    this.#listener.changed()
  }

  #scheduleRefresh(): void {
    if (this.#refresh !== null) clearTimeout(this.#refresh)
    this.#refresh = setTimeout(() => void this.#reload(), REFRESH_EVERY_MS)
  }

  /** What changed since the last answer, or the newest bars where that is not known. Polling does the same while the stream is away. */
  async #reload(): Promise<void> {
    this.#scheduleRefresh()
    if (this.#client.status.phase === 'waiting') return
    try {
      const query = this.#asof === null ? { limit: FIRST_PAGE } : { since: this.#asof }
      const { candles, asof, reset, gaps } = await this.#api.candles(this.series, query, this.#life.signal)
      if (query.since === undefined) {
        this.#historyGaps = uniteGaps(this.#historyGaps, gaps)
        this.#listener.gaps(this.gaps)
      }
      if (reset) return this.#reset(candles)
      this.#asof = asof ?? this.#asof
      if (query.since === undefined && !this.detached) this.#extend(candles)
      else this.#take(candles)
    } catch {
      // The stream goes on; the next refresh asks for the same again.
    }
  }

  #extend(candles: readonly Candle[]): void {
    this.list.mergeAll(candles)
    this.latest = this.list.last ?? null
    this.loading = false
    this.#listener.redraw()
    this.#listener.changed()
  }
}

function messageOf(failure: unknown): string {
  if (failure instanceof HttpProblem) return failure.message
  return 'The server cannot be reached.'
}
