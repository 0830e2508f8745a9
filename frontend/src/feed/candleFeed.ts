import {
  type Candle,
  type Gap,
  HttpProblem,
  type Refusal,
  type SeriesState,
  type StreamClient,
  splitSeries,
} from '../api/candleStream'
import type { History, MarketApi } from '../api/market'
import { FIRST_PAGE } from '../state/address'
import { text } from '../text/text'
import { CandleList, sameValues } from './candleList'
import type { FeedListener } from './feedListener'
import { subtractGaps, uniteGaps } from './gaps'
import { PageCursor } from './pageCursor'
import { endOf } from './timeframes'

/** Bars asked for with every step into the past. */
const NEXT_PAGE = 1000
/** Bars that may be in view left of the right edge, and bars loaded beyond it. */
const SEEN_BARS = 300
const AFTER_EDGE = 100
/** Redrawing costs time in proportion to the bars loaded; beyond this the far end is let go. */
export const MAX_BARS = 10_000
/** A live page asks the server once a minute whether it missed anything. */
export const REFRESH_EVERY_MS = 60_000
const FIRST_RETRY_MS = 5000

/** One series on one page: history, live candles, refresh and paging in one list. Knows neither React nor the chart. */
export class CandleFeed {
  readonly series: string
  readonly list = new CandleList()

  loading = true
  /** The series cannot be shown, in the server's words. */
  refusal: Refusal | null = null
  /** The series was there and is refused now: the bars stay, and no more will come. */
  gone: Refusal | null = null
  /** The first load failed and will be tried again. */
  problem: string | null = null
  state: SeriesState | null = null
  loadingOlder = false
  atStart = false
  /** True where the exchange has older bars no more, rather than never. */
  isCutOff = false
  /** The loaded bars end before the present: the newest were given up for older ones. */
  detached = false
  /** The bars are those of an earlier visit, seen at this server time; null once the server has answered. */
  keptAt: number | null = null
  /** The newest candle of the series, also while `detached`. */
  latest: Candle | null = null

  #client: StreamClient
  #api: MarketApi
  #listener: FeedListener
  /** The time wanted at the right edge of the view; null is the newest. */
  #rightEdge: number | null
  #asof: number | null = null
  #historyGaps: Gap[] = []
  #leave: (() => void) | null = null
  #refresh: ReturnType<typeof setTimeout> | null = null
  #life = new AbortController()
  #paging = false
  #older = new PageCursor(() => this.#listener.mayPage())
  #newer = new PageCursor(() => this.#listener.mayPage())

  constructor(series: string, client: StreamClient, api: MarketApi, rightEdge: number | null, listener: FeedListener) {
    this.#rightEdge = rightEdge
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
      // No bar because there is none, or because none came in time? Only the first may be said.
      if (history.candles.length === 0 && history.gaps.length > 0) throw new NotYetKnown()
      this.#asof = history.asof
      this.#begin(history)
      this.latest = this.list.last ?? null
      await this.#goBack()
      this.keptAt = null
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

  /** The view was at an earlier time: the bars around it take the place of the newest. */
  async #goBack(): Promise<void> {
    const edge = this.#rightEdge
    const first = this.list.first
    if (edge === null || first === undefined || this.atStart) return
    const { timeframe } = splitSeries(this.series)
    const step = endOf(first.time, timeframe) - first.time
    if (first.time < edge - SEEN_BARS * step) return
    const page = await this.#api.candles(
      this.series,
      { end: edge + AFTER_EDGE * step, limit: FIRST_PAGE },
      this.#life.signal,
    )
    if (page.candles.length === 0) return
    const asof = this.#asof
    const joins = page.candles.at(-1)!.time >= first.time
    if (joins) {
      this.#noteGaps(page, startOf(page), first.time)
      this.list.mergeAll(page.candles)
      this.atStart = this.#endsAt(page)
    } else {
      this.#begin(page)
      this.detached = true
    }
    this.#asof = asof
  }

  /** Bars of an earlier visit, until the server answers; their time says how old they are. */
  showKept(bars: readonly Candle[], at: number): void {
    if (this.list.last !== undefined || !this.loading) return
    this.list.replace(bars)
    this.latest = this.list.last ?? null
    this.keptAt = at
    this.#listener.redraw()
    this.#listener.changed()
  }

  /** The series cannot be shown, and the server need not be asked. */
  refuse(detail: string): void {
    this.refusal = { status: 400, title: detail, detail, matches: [] }
    this.loading = false
  }

  /** Ends every request, timer and callback. */
  dispose(): void {
    this.#life.abort()
    this.#leave?.()
    this.#leave = null
    for (const end of [this.#older, this.#newer]) end.reset()
    if (this.#refresh !== null) clearTimeout(this.#refresh)
  }

  /** Loads what comes before the first bar. */
  async loadOlder(): Promise<void> {
    const first = this.list.first
    if (first === undefined || this.#paging || this.atStart || this.loading || this.#older.isPausing) return
    await this.#page('older', async () => {
      const end = this.#older.from(first.time - 1)
      const page = await this.#api.candles(this.series, { end, limit: NEXT_PAGE }, this.#life.signal)
      this.#noteGaps(page, startOf(page), end + 1)
      this.list.mergeAll(page.candles)
      this.#older.answered(page)
      this.atStart = this.#endsAt(page)
      if (this.list.trim(MAX_BARS, 'newest') === 0) return
      this.detached = true
      this.#newer.reset()
    })
  }

  /** While detached: loads what comes after the last bar, until the present is reached. */
  async loadNewer(): Promise<void> {
    const last = this.list.last
    if (last === undefined || this.#paging || !this.detached || this.#newer.isPausing) return
    await this.#page('newer', async () => {
      const start = this.#newer.from(last.time + 1)
      const page = await this.#api.candles(this.series, { start, limit: NEXT_PAGE }, this.#life.signal)
      this.#noteGaps(page, start, page.next ?? Number.MAX_SAFE_INTEGER)
      this.list.mergeAll(page.candles)
      this.#newer.answered(page)
      if (this.list.trim(MAX_BARS, 'oldest') > 0) this.#forgetStart()
      if (page.next === null) this.detached = false
    })
  }

  /** Back to the newest bars. */
  async goLive(): Promise<void> {
    if (!this.detached) return
    await this.#page('newer', async () => {
      const page = await this.#api.candles(this.series, { limit: FIRST_PAGE }, this.#life.signal)
      // The newest bars did not come in time: better those on screen than none.
      if (page.candles.length === 0) return
      this.#begin(page)
      this.#asof = page.asof
      this.detached = false
    })
  }

  /** The newest page takes the place of all bars. */
  #begin(page: History): void {
    this.list.replace(page.candles)
    this.#historyGaps = page.gaps
    for (const end of [this.#older, this.#newer]) end.reset()
    this.atStart = this.#endsAt(page)
  }

  /** True where the server knows that nothing comes before the bars it gave. */
  #endsAt({ next, gaps, oldest }: History): boolean {
    this.isCutOff = oldest !== undefined
    const first = this.list.first?.time ?? Number.POSITIVE_INFINITY
    return next === null && !gaps.some(([from]) => from < first)
  }

  /** An answer's gaps are all there are in its range: what was unknown there before is known now. */
  #noteGaps({ gaps }: History, from: number, to: number): void {
    this.#historyGaps = uniteGaps(subtractGaps(this.#historyGaps, [[from, to]]), gaps)
  }

  #forgetStart(): void {
    this.atStart = false
    this.#older.reset()
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
        onRefused: (refusal) => this.#takeRefusal(refusal),
      },
      this.#asof === null ? {} : { since: this.#asof },
    )
    if (!this.loading) this.#scheduleRefresh()
  }

  #take(candles: readonly Candle[]): void {
    // Between bars of an earlier visit and the present there is a hole: history comes first.
    if (this.keptAt !== null) return
    const wasEmpty = this.list.last === undefined
    for (const candle of candles) {
      if (this.latest === null || candle.time >= this.latest.time) this.latest = candle
      // Bars outside of what is loaded come with the page they belong to; without that a hole would look like history.
      const first = this.list.first
      if (first !== undefined && candle.time < first.time) continue
      const last = this.list.last
      if (this.detached && last !== undefined && candle.time > last.time) continue
      this.#show(candle)
    }
    // The first bar ends the waiting, or the word that there is none.
    if (wasEmpty && this.list.last !== undefined) {
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
    this.#forgetStart()
    this.#listener.redraw()
  }

  /** The server cannot say what changed since: its candles replace ours. An empty answer leaves the chart until history has come. */
  #reset(candles: readonly Candle[]): void {
    if (candles.length > 0) {
      this.keptAt = null
      this.list.replace(candles)
      this.latest = this.list.last ?? null
      this.#forgetStart()
      this.#newer.reset()
      this.detached = false
      this.#historyGaps = []
      this.#listener.redraw()
      this.#listener.gaps(this.gaps)
      this.#listener.changed()
    }
    this.#asof = null
    void this.#reload()
  }

  #takeRefusal(refusal: Refusal): void {
    if (this.list.last === undefined) return this.#refuse(refusal)
    this.gone = refusal
    this.#listener.changed()
  }

  #takeState(state: SeriesState): void {
    this.gone = null
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
      const answer = await this.#api.candles(this.series, query, this.#life.signal)
      const { candles, asof, reset } = answer
      if (query.since === undefined) {
        this.#noteGaps(answer, startOf(answer), Number.MAX_SAFE_INTEGER)
        this.#listener.gaps(this.gaps)
      }
      if (reset) return this.#reset(candles)
      this.#asof = asof ?? this.#asof
      if (query.since === undefined && !this.detached) this.#extend(candles)
      else this.#take(candles)
      await this.#fillHole()
    } catch {
      // The stream goes on; the next refresh asks for the same again.
    }
  }

  /** A page may have come with a hole, which paging leaves behind. The server repairs only what it follows, so the newest other hole is asked for. */
  async #fillHole(): Promise<void> {
    const { first, last } = this.list
    if (first === undefined || last === undefined) return
    const holes = subtractGaps(this.#historyGaps, this.state?.gaps ?? [])
    const hole = holes.findLast(([from, to]) => to > first.time && from < last.time)
    if (hole === undefined) return
    const [start, to] = hole
    const page = await this.#api.candles(this.series, { start, end: to - 1, limit: NEXT_PAGE }, this.#life.signal)
    this.#noteGaps(page, start, page.next ?? to)
    this.list.mergeAll(page.candles.filter(({ time }) => time >= (this.list.first?.time ?? 0)))
    this.#listener.gaps(this.gaps)
    if (page.candles.length > 0) this.#listener.redraw()
  }

  #extend(candles: readonly Candle[]): void {
    this.list.mergeAll(candles)
    this.latest = this.list.last ?? null
    this.loading = false
    this.#listener.redraw()
    this.#listener.changed()
  }
}

class NotYetKnown extends Error {}

/** From where on an answer that was asked for from its end speaks. */
function startOf({ next }: History): number {
  return next === null ? 0 : next + 1
}

function messageOf(failure: unknown): string {
  if (failure instanceof HttpProblem) return failure.message
  if (failure instanceof NotYetKnown) return text.notYetKnown
  return text.unreachable
}
