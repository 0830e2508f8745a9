import type { CandleClient } from './client.js'
import type { HistoryPage } from './rest.js'
import { splitSeries } from './rest.js'
import { SeriesBook } from './seriesBook.js'
import type { SeriesListener } from './streamClient.js'
import type { Candle, SeriesCandle, SeriesState } from './types.js'

export interface FollowOptions {
  /** Begin with so many of the newest candles of each series, or where these pages of history ended, without a hole. Default: 0. */
  history?: number | HistoryPage | readonly HistoryPage[]
  /** Ends the iteration. */
  signal?: AbortSignal
  /** The server cannot say what changed: forget the series. The candles that follow are its new beginning. */
  onReset?(series: string): void
  /** The server's word on a series: its state and its gaps. */
  onState?(series: string, state: SeriesState): void
}

/**
 * Candles of one or several series, each newer by `rev` than any before with the same `time`. Every closed one comes at least once; after a
 * reset those of the new beginning do.
 */
export async function* followSeries(
  client: CandleClient,
  series: string | readonly string[],
  options: FollowOptions,
): AsyncGenerator<SeriesCandle, void> {
  const names = typeof series === 'string' ? [series] : [...series]
  for (const name of names) {
    const { symbol, timeframe } = splitSeries(name)
    if (!symbol || !timeframe) throw new Error(`'${name}' is no series: write SYMBOL:TIMEFRAME, such as BTCUSD:1m`)
  }
  const pages = await pagesOf(client, names, options)
  const queue = new CandleQueue(client, names, pages, options)
  try {
    if (typeof options.history === 'number')
      for (const page of pages) yield* page.candles.map((c) => of(page.series, c))
    yield* queue.read()
  } finally {
    queue.close()
  }
}

/** What was heard and not yet taken. Of a candle it keeps the newest version only, so a slow reader holds no more than there are candles. */
class CandleQueue {
  #waiting = new Map<string, { series: string; candle: Candle | null }>()
  #books = new Map<string, SeriesBook>()
  #leave: (() => void)[]
  #options: FollowOptions
  #failure: Error | null = null
  #isOver = false
  #resets = 0
  #wake: () => void = () => undefined
  #served = false

  constructor(client: CandleClient, names: string[], pages: readonly HistoryPage[], options: FollowOptions) {
    this.#options = options
    const signal = options.signal
    const stop = () => this.#end(null)
    if (signal?.aborted) this.#isOver = true
    signal?.addEventListener('abort', stop, { once: true })
    this.#leave = [() => signal?.removeEventListener('abort', stop)]
    for (const name of names) {
      const page = pages.find((one) => one.series === name)
      const book = new SeriesBook()
      book.accept(page?.candles ?? [])
      this.#books.set(name, book)
      const since = page?.asof ?? null
      this.#leave.push(client.subscribe(name, this.#listener(name), since === null ? {} : { since }))
    }
    this.#leave.push(
      client.onStatus(({ phase, polling, problem }) => {
        if (phase === 'open' || polling.ok) this.#served = true
        // What went well once goes well again by itself; before that somebody has to change something.
        if (problem?.lasting && !this.#served) this.#end(new Error(problem.message))
      }),
    )
  }

  async *read(): AsyncGenerator<SeriesCandle, void> {
    for (;;) {
      for (const [key, { series, candle }] of this.#waiting) {
        if (this.#isOver) break
        this.#waiting.delete(key)
        if (candle === null) this.#options.onReset?.(series)
        else yield of(series, candle)
      }
      if (this.#failure !== null) throw this.#failure
      if (this.#isOver) return
      if (this.#waiting.size === 0)
        await new Promise<void>((wake) => {
          this.#wake = wake
        })
    }
  }

  close(): void {
    for (const leave of this.#leave) leave()
    this.#leave = []
  }

  #listener(series: string): SeriesListener {
    const book = this.#books.get(series)!
    const take = (candles: readonly Candle[]) => {
      for (const candle of book.accept(candles)) {
        const key = `${series} ${candle.time}`
        this.#waiting.delete(key)
        this.#waiting.set(key, { series, candle })
      }
      this.#wake()
    }
    return {
      onCandles: take,
      onReset: (candles) => {
        for (const [key, waiting] of this.#waiting) if (waiting.series === series) this.#waiting.delete(key)
        this.#waiting.set(`reset ${this.#resets++}`, { series, candle: null })
        book.clear()
        take(candles)
      },
      onState: (state) => this.#options.onState?.(series, state),
      onRefused: ({ title, detail, matches }) =>
        this.#end(new Error(`${detail || title}${matches.length > 0 ? ` Did you mean ${matches.join(', ')}?` : ''}`)),
    }
  }

  #end(failure: Error | null): void {
    this.#failure ??= failure
    this.#isOver = true
    this.#wake()
  }
}

async function pagesOf(client: CandleClient, names: string[], options: FollowOptions): Promise<readonly HistoryPage[]> {
  const { history = 0, signal } = options
  if (typeof history !== 'number') {
    const pages = Array.isArray(history) ? (history as readonly HistoryPage[]) : [history as HistoryPage]
    const lacking = names.filter((name) => !pages.some((page) => page.series === name))
    if (lacking.length > 0) throw new Error(`history lacks ${lacking.join(', ')}: give one page for each series`)
    return pages
  }
  if (history <= 0) return []
  const query = { limit: history, ...(signal === undefined ? {} : { signal }) }
  try {
    return await Promise.all(names.map((name) => client.history(name, query)))
  } catch (failure) {
    throw signal?.aborted ? failure : await client.explain(failure)
  }
}

function of(series: string, candle: Candle): SeriesCandle {
  return { ...splitSeries(series), ...candle }
}
