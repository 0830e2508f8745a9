import { browserEnvironment, type Environment, type PageChange } from './environment.js'
import type { Adviser } from './problem.js'
import { HANDED_OVER, SeriesBook } from './seriesBook.js'
import { SharedSource } from './sharedSource.js'
import type { CandleSource, SourceListener } from './source.js'
import { type EngineOptions, StreamEngine } from './streamEngine.js'
import type { Candle, ConnectionStatus, Refusal, SeriesState } from './types.js'

export interface StreamClientOptions {
  /** Address of the server, such as `https://candles.example`. Default: the page's own origin. */
  url?: string
  /** Candles of each series sent when a connection starts, 0–1000. Default: 2. */
  snapshot?: number
  /** Forming updates a second and series at most; 0 = closed candles only. Default: as they come. */
  maxRate?: number
  /** Receive only what changed where possible. Default: false. */
  delta?: boolean
  /** Share one stream with the other tabs of this origin, where the browser can. Default: true. */
  shareTabs?: boolean
  /** Replaces parts of the surroundings, for tests and for runtimes other than browsers. */
  environment?: Partial<Environment>
}

/** Callbacks of one subscriber. All are optional, none may be called after unsubscribing. */
export interface SeriesListener {
  /** Candles newer by `rev` than any seen before with the same `time`, oldest first. */
  onCandles?(candles: readonly Candle[]): void
  /** Forget every candle and rev of the series; `candles` are the new beginning. */
  onReset?(candles: readonly Candle[]): void
  /** The server's word on the series has changed. */
  onState?(state: SeriesState): void
  /** The series cannot be had (unknown symbol or timeframe, or more series than one stream carries). */
  onRefused?(refusal: Refusal): void
}

export interface SubscribeOptions {
  /** The `asof` of a `GET /candles` whose candles the subscriber holds: the stream starts there, without a hole. */
  since?: number
}

interface Series {
  book: SeriesBook
  listeners: Set<SeriesListener>
  state: SeriesState | null
  refusal: Refusal | null
  since: number | null
}

/** One connection to a CandleStream server, shared by any number of subscribers: all that a page with its own words for trouble needs. */
export class StreamClient {
  #series = new Map<string, Series>()
  #source: CandleSource
  #statusListeners = new Set<(status: ConnectionStatus) => void>()
  #stopWatching: (() => void) | null
  #adviser: Adviser | null

  /** `adviser`: finds words for `status.problem`, which is null without one. */
  constructor(options: StreamClientOptions = {}, adviser: Adviser | null = null) {
    this.#adviser = adviser
    const env: Environment = { ...browserEnvironment(), ...options.environment }
    const base = (options.url ?? '').replace(/\/+$/, '')
    this.#source = this.#makeSource(env, base, options)
    this.#stopWatching = env.page?.watch((change) => this.#pageChanged(change)) ?? null
  }

  /** A fresh reading; cheap enough to be taken several times a second. */
  get status(): ConnectionStatus {
    return this.#source.status
  }

  /** Calls back when the status changes and at every heartbeat. Returns the way to stop. */
  onStatus(listener: (status: ConnectionStatus) => void): () => void {
    this.#statusListeners.add(listener)
    return () => this.#statusListeners.delete(listener)
  }

  /** Starts to follow a series such as `BTCUSD:1m`. Returns the way to stop. */
  subscribe(series: string, listener: SeriesListener, options: SubscribeOptions = {}): () => void {
    const entry = this.#series.get(series) ?? this.#add(series)
    entry.listeners.add(listener)
    entry.since = oldest(entry.since, options.since ?? null)
    this.#handOver(entry, listener)
    this.#want()
    return () => {
      if (!entry.listeners.delete(listener) || entry.listeners.size > 0) return
      this.#series.delete(series)
      this.#want()
    }
  }

  /** The last known word of the server on a series, or null. */
  stateOf(series: string): SeriesState | null {
    return this.#series.get(series)?.state ?? null
  }

  /** Tries now instead of at the planned time. */
  reconnect(): void {
    this.#source.reconnect()
  }

  /** Ends the connection, every timer and every listener for good. */
  stop(): void {
    this.#stopWatching?.()
    this.#stopWatching = null
    this.#source.stop()
    this.#series.clear()
    this.#statusListeners.clear()
  }

  #makeSource(env: Environment, base: string, options: StreamClientOptions): CandleSource {
    let shared: SharedSource | null = null
    const engineOptions: EngineOptions = {
      base,
      snapshot: options.snapshot ?? 2,
      maxRate: options.maxRate ?? null,
      delta: options.delta ?? false,
      // A hidden page need not poll for itself, but it may be the one that holds the stream for a visible one.
      mayPoll: () => !env.page?.isHidden() || (shared?.hasFollowers ?? false),
    }
    const makeEngine = (listener: SourceListener) => new StreamEngine(env, engineOptions, this.#adviser, listener)
    const { locks, openChannel } = env
    if (options.shareTabs === false || locks === null || openChannel === null) return makeEngine(this.#listen())
    // Tabs that ask for the same in another way need a stream of their own.
    const { snapshot, maxRate, delta } = engineOptions
    const name = `${base}?${JSON.stringify([snapshot, maxRate, delta])}`
    shared = new SharedSource(locks, openChannel, name, env.random, makeEngine, this.#listen())
    return shared
  }

  #listen(): SourceListener {
    return {
      candles: (name, candles) => {
        const series = this.#series.get(name)
        const newer = series?.book.accept(candles) ?? []
        if (newer.length > 0) for (const listener of [...series!.listeners]) listener.onCandles?.(newer)
      },
      reset: (name, candles) => {
        const series = this.#series.get(name)
        if (series === undefined) return
        series.book.clear()
        const accepted = series.book.accept(candles)
        for (const listener of [...series.listeners]) listener.onReset?.(accepted)
      },
      state: (name, state) => {
        const series = this.#series.get(name)
        if (series === undefined) return
        series.state = state
        // What was refused because there were too many may have come to be followed.
        series.refusal = null
        for (const listener of [...series.listeners]) listener.onState?.(state)
      },
      refused: (name, refusal) => {
        const series = this.#series.get(name)
        if (series === undefined) return
        series.refusal = refusal
        for (const listener of [...series.listeners]) listener.onRefused?.(refusal)
      },
      changed: () => {
        // The source reports while it is being built, too.
        const status = (this.#source as CandleSource | undefined)?.status
        if (status === undefined) return
        this.#adviser?.tell(status.problem ?? null, this.#statusListeners.size > 0)
        for (const listener of [...this.#statusListeners]) listener(status)
      },
    }
  }

  #add(series: string): Series {
    const entry: Series = { book: new SeriesBook(), listeners: new Set(), state: null, refusal: null, since: null }
    this.#series.set(series, entry)
    return entry
  }

  #handOver(series: Series, listener: SeriesListener): void {
    const held = series.book.newest(HANDED_OVER)
    if (held.length > 0) listener.onCandles?.(held)
    if (series.state !== null) listener.onState?.(series.state)
    if (series.refusal !== null) listener.onRefused?.(series.refusal)
  }

  #want(): void {
    this.#source.want(new Map([...this.#series].map(([name, { since }]) => [name, since])))
  }

  #pageChanged(change: PageChange): void {
    if (change === 'put-away') this.#source.pause()
    if (change === 'brought-back') this.#source.resume()
    if (change === 'visible' || change === 'online') this.#source.wake()
  }
}

function oldest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b
  return Math.min(a, b)
}
