import { backoffMs } from './backoff.js'
import type { Environment } from './environment.js'
import { DEFAULT_HEARTBEAT_MS, EventStream } from './eventStream.js'
import { Poller } from './poller.js'
import type { Adviser } from './problem.js'
import type { ServerEvent } from './protocol.js'
import { HttpProblem } from './rest.js'
import { ServerClock } from './serverClock.js'
import { SinceBook } from './sinceBook.js'
import type { CandleSource, SourceListener, Wanted } from './source.js'
import type { Candle, ConnectionPhase, ConnectionStatus, DropReason } from './types.js'

/** A stream counts as recovered after it has run this long; a flapping server otherwise would never be backed off from. */
const STABLE_AFTER_MS = 10_000
/** Series asked for together share one connection: wait a moment for the rest of them. */
const GROW_AFTER_MS = 20
/** A series nobody wants any more costs little: do not break the connection of the others at once. */
const SHRINK_AFTER_MS = 5000
/** A server that wants to be left alone is followed within reason. */
const MAX_ASKED_MS = 60_000
/** The server's limits of one stream: docs/protocol.md. */
const MAX_SERIES = 100
const MAX_SNAPSHOT_CANDLES = 10_000
/** A candle later than this is a repair or a repeat, and says nothing about the delay of the stream. */
const PLAUSIBLE_DELAY_MS = 60_000

export interface EngineOptions {
  /** Where the server is, without a slash at the end; '' is the page's own origin. */
  base: string
  /** Candles of every series the server sends at the start of a connection. */
  snapshot: number
  /** Forming updates a second and series at most; null leaves it to the server. */
  maxRate: number | null
  /** Ask for changed fields only. */
  delta: boolean
  /** False while polling would serve nobody. */
  mayPoll(): boolean
}

/** One connection for any number of series: backoff, watchdog, resume, and polling while the stream is away. */
export class StreamEngine implements CandleSource {
  #env: Environment
  #options: EngineOptions
  #listener: SourceListener
  #poller: Poller
  #clock = new ServerClock()
  #since = new SinceBook()

  #wanted: Wanted = new Map()
  #refused = new Set<string>()
  /** Wanted, but more than one stream may carry; they follow when others leave. */
  #surplus = new Set<string>()
  #stream: EventStream | null = null
  /** How many series the stream was asked for, and those of them that were wanted without a pause since. */
  #streamAsked = 0
  #streamSeries: readonly string[] = []
  #beforeSynced: Map<string, Candle[]> | null = null
  #askedAt = 0

  #phase: ConnectionPhase = 'idle'
  #attempt = 0
  #nextRetryAt: number | null = null
  #reason: DropReason | null = null
  #simulated: boolean | null = null
  /** This connection's greeting has come. */
  #isGreeted = false
  #delayMs: number | null = null
  #lastMessageAt: number | null = null
  #heartbeatMs = DEFAULT_HEARTBEAT_MS
  #timers: Record<'retry' | 'reopen' | 'stable', ReturnType<typeof setTimeout> | null> = {
    retry: null,
    reopen: null,
    stable: null,
  }

  constructor(env: Environment, options: EngineOptions, adviser: Adviser | null, listener: SourceListener) {
    this.#env = env
    this.#options = options
    this.#listener = listener
    this.#poller = new Poller(env, options.base, options.snapshot, adviser, {
      wanted: () => new Map(this.#open().map((series) => [series, this.#since.pollFrom(series)])),
      polled: (series, page) => {
        if (page.reset) listener.reset(series, page.candles)
        else listener.candles(series, page.candles)
        if (page.asof !== null) this.#since.polled(series, page.asof, page.reset)
      },
      clock: (serverTime, askedAt, receivedAt) => this.#clock.answered(serverTime, askedAt, receivedAt),
      state: (series, state) => listener.state(series, state),
      simulated: (simulated) => {
        this.#simulated = simulated
      },
      refused: (series, refusal) => {
        this.#refused.add(series)
        listener.refused(series, refusal)
        // The stream answers for all series at once: without the impossible one it may open.
        this.reconnect()
      },
      changed: () => listener.changed(),
      mayPoll: () => options.mayPoll(),
    })
  }

  get status(): ConnectionStatus {
    return {
      phase: this.#phase,
      attempt: this.#attempt,
      nextRetryAt: this.#nextRetryAt,
      reason: this.#reason,
      lastMessageAt: this.#lastMessageAt,
      lastEventId: this.#since.streamRev,
      heartbeatMs: this.#heartbeatMs,
      serverOffsetMs: this.#clock.offsetMs,
      delayMs: this.#delayMs,
      simulated: this.#simulated,
      polling: this.#poller.status,
      problem: this.#poller.problem,
      role: 'own',
    }
  }

  want(series: Wanted): void {
    this.#wanted = series
    for (const name of this.#refused) if (!series.has(name)) this.#refused.delete(name)
    for (const [name, since] of series) this.#since.start(name, since)
    this.#since.keepOnly(series)
    this.#refuseSurplus()
    if (this.#phase === 'paused' || this.#phase === 'stopped') return
    const open = this.#open()
    if (open.length === 0) return this.#rest('idle')
    if (this.#phase === 'idle') return this.#reopenIn(GROW_AFTER_MS)
    if (this.#stream === null) return
    // What the stream brought of a series while nobody wanted it is lost: one that comes back counts as new.
    this.#streamSeries = this.#streamSeries.filter((name) => open.includes(name))
    const grown = open.length > this.#streamSeries.length
    if (grown) this.#reopenIn(GROW_AFTER_MS)
    else if (this.#streamSeries.length < this.#streamAsked) this.#reopenIn(SHRINK_AFTER_MS)
    else this.#clear('reopen')
  }

  wake(): void {
    if (this.#phase === 'waiting') this.reconnect()
    this.#stream?.endIfSilent()
    this.#poller.wake()
  }

  reconnect(): void {
    if (this.#phase === 'waiting' && this.#open().length > 0) this.#connect()
  }

  pause(): void {
    if (this.#phase !== 'stopped') this.#rest('paused')
  }

  resume(): void {
    if (this.#phase !== 'paused') return
    this.#phase = 'idle'
    this.want(this.#wanted)
  }

  stop(): void {
    this.#rest('stopped')
  }

  #open(): string[] {
    return this.#possible().slice(0, MAX_SERIES)
  }

  #possible(): string[] {
    return [...this.#wanted.keys()].filter((series) => !this.#refused.has(series))
  }

  /** The server would refuse the whole stream for them. */
  #refuseSurplus(): void {
    const surplus = this.#possible().slice(MAX_SERIES)
    const news = surplus.filter((series) => !this.#surplus.has(series))
    this.#surplus = new Set(surplus)
    const detail = `One stream carries ${MAX_SERIES} series at most, and ${MAX_SERIES} others are followed already.`
    for (const series of news)
      this.#listener.refused(series, { status: 400, title: 'Too many series', detail, matches: [] })
  }

  #connect(): void {
    this.#closeStream()
    const series = this.#open()
    if (series.length === 0) return this.#rest('idle')
    if (this.#env.openEventSource === null) return this.#fail('refused')
    this.#streamAsked = series.length
    this.#streamSeries = series
    this.#beforeSynced = new Map()
    this.#isGreeted = false
    this.#askedAt = Date.now()
    this.#nextRetryAt = null
    this.#phase = 'connecting'
    const openEventSource = this.#env.openEventSource
    const url = this.#url(series)
    try {
      const stream: EventStream = new EventStream(() => openEventSource(url), {
        event: (event, id) => stream === this.#stream && this.#hear(event, id, stream),
        ended: (reason, failure) => stream === this.#stream && this.#ended(reason, failure),
      })
      this.#stream = stream
    } catch {
      // A blocker may replace EventSource by something that throws.
      return this.#fail('refused')
    }
    this.#listener.changed()
  }

  #url(series: readonly string[]): string {
    const { base, snapshot, maxRate, delta } = this.#options
    const query = new URLSearchParams(series.map((name) => ['series', name]))
    query.set('snapshot', String(Math.min(snapshot, Math.floor(MAX_SNAPSHOT_CANDLES / series.length))))
    if (maxRate !== null) query.set('max_rate', String(maxRate))
    if (delta) query.set('delta', '1')
    // A new EventSource cannot send the Last-Event-ID header; the server takes it from the query as well.
    const resumeFrom = this.#since.resumeFrom(series)
    if (resumeFrom !== null) query.set('last_event_id', String(resumeFrom))
    return `${base}/candles/stream?${query}`
  }

  #hear(event: Exclude<ServerEvent, { kind: 'delta' }>, id: number | null, stream: EventStream): void {
    this.#lastMessageAt = stream.heardAt
    this.#heartbeatMs = stream.heartbeatMs
    if (this.#phase === 'connecting' && event.kind !== 'bye') this.#opened()
    switch (event.kind) {
      case 'hello':
        this.#clock.answered(event.serverTime, this.#askedAt, stream.heardAt)
        // `false` may also mean that the server has not heard from the exchange yet: a live series says which.
        this.#simulated = event.simulated || null
        this.#isGreeted = true
        this.#listener.changed()
        break
      case 'heartbeat':
        this.#clock.heard(event.serverTime, stream.heardAt)
        this.#listener.changed()
        break
      case 'status':
        if (event.state.state === 'live') this.#learnSource()
        this.#listener.state(event.series, event.state)
        break
      case 'snapshot':
        this.#take(event.series, event.candles)
        break
      case 'candle':
        if (id !== null) this.#since.streamed(id)
        if (this.#beforeSynced === null) this.#measureDelay(event.candle.rev, stream.heardAt)
        this.#take(event.series, [event.candle])
        break
      case 'synced':
        this.#synced(event)
        break
      case 'bye':
        this.#nextRetryAt = Date.now() + event.retryMs
        break
    }
  }

  #take(series: string, candles: Candle[]): void {
    const kept = this.#beforeSynced?.get(series)
    if (kept !== undefined) kept.push(...candles)
    else this.#beforeSynced?.set(series, [...candles])
    this.#listener.candles(series, candles)
  }

  /** A series was live when the stream began: the greeting was the truth. One that became live since may be the server's first. */
  #learnSource(): void {
    if (this.#simulated !== null || !this.#isGreeted) return
    if (this.#beforeSynced !== null) this.#simulated = false
    else void this.#poller.askStatus()
  }

  #synced(event: ServerEvent & { kind: 'synced' }): void {
    for (const [series, how] of Object.entries(event.series)) {
      // Whatever this connection has already brought is the series' new beginning.
      if (how === 'reset') this.#listener.reset(series, this.#beforeSynced?.get(series) ?? [])
    }
    this.#beforeSynced = null
    this.#since.synced(this.#streamSeries, event.asof)
    this.#listener.changed()
  }

  #opened(): void {
    this.#phase = 'open'
    this.#reason = null
    this.#poller.stop()
    this.#clear('stable')
    this.#timers.stable = setTimeout(() => {
      this.#attempt = 0
      this.#listener.changed()
    }, STABLE_AFTER_MS)
    this.#listener.changed()
  }

  #ended(reason: DropReason, failure: Error | null): void {
    // A server that says bye names the time to come back: a restart, not a failure.
    const announced = reason === 'bye' ? this.#nextRetryAt : null
    this.#closeStream()
    this.#fail(reason, announced, failure)
  }

  #fail(reason: DropReason, retryAt: number | null = null, failure: Error | null = null): void {
    if (retryAt === null) this.#attempt++
    const asked = failure instanceof HttpProblem ? (failure.retryAfterMs ?? 0) : 0
    const backoff = Math.max(backoffMs(this.#attempt, this.#env.random), Math.min(asked, MAX_ASKED_MS))
    const waitMs = retryAt === null ? backoff : Math.max(retryAt - Date.now(), 0)
    this.#phase = 'waiting'
    this.#reason = reason
    this.#delayMs = null
    this.#nextRetryAt = Date.now() + waitMs
    this.#clear('retry')
    this.#timers.retry = setTimeout(() => this.#connect(), waitMs)
    this.#poller.start(failure)
    this.#listener.changed()
  }

  #measureDelay(rev: number, receivedAt: number): void {
    const offset = this.#clock.offsetMs
    if (offset === null) return
    // A rev is the server's time in microseconds at which it made the candle.
    const delay = receivedAt + offset - rev / 1000
    if (Math.abs(delay) > PLAUSIBLE_DELAY_MS) return
    const sample = Math.max(delay, 0)
    this.#delayMs = this.#delayMs === null ? sample : this.#delayMs * 0.8 + sample * 0.2
  }

  #reopenIn(waitMs: number): void {
    this.#clear('reopen')
    this.#timers.reopen = setTimeout(() => this.#connect(), waitMs)
  }

  #rest(phase: 'idle' | 'paused' | 'stopped'): void {
    this.#closeStream()
    this.#poller.stop()
    this.#phase = phase
    this.#attempt = 0
    this.#nextRetryAt = null
    this.#reason = null
    this.#listener.changed()
  }

  #closeStream(): void {
    for (const name of ['retry', 'reopen', 'stable'] as const) this.#clear(name)
    this.#since.streamEnded()
    this.#stream?.close()
    this.#stream = null
    this.#beforeSynced = null
  }

  #clear(name: 'retry' | 'reopen' | 'stable'): void {
    const timer = this.#timers[name]
    if (timer !== null) clearTimeout(timer)
    this.#timers[name] = null
  }
}
