import type { Environment } from './environment.js'
import type { Adviser } from './problem.js'
import { isObject, readEvent } from './protocol.js'
import { type CandlePage, fetchCandles, fetchJson, HttpProblem } from './rest.js'
import type { ConnectionProblem, PollingStatus, Refusal, SeriesState } from './types.js'

export const POLL_EVERY_MS = 15_000
/** A failed attempt to reconnect asks the server at once, but no sooner than this after the last round. */
export const POLL_AGAIN_AFTER_MS = 2000

/** Who is told what polling finds. */
export interface PollListener {
  /** The series to poll, each with the rev from which on changes are asked for. */
  wanted(): ReadonlyMap<string, number | null>
  polled(series: string, page: CandlePage): void
  /** Server time of an answer, Unix ms, and when it was asked for and came, by the local clock. */
  clock(serverTime: number, askedAt: number, receivedAt: number): void
  state(series: string, state: SeriesState): void
  /** Whose prices they are. */
  simulated(simulated: boolean): void
  refused(series: string, refusal: Refusal): void
  changed(): void
  /** False while nobody looks: the round is left out. */
  mayPoll(): boolean
}

/** What one round brought. */
interface Outcome {
  ok: boolean
  error: string | null
  errors: Record<string, string>
  retryAfterMs: number
  /** The last failure itself. */
  failure: unknown
}

/** Asks for what changed, at once and then every 15 s, while the stream is away. */
export class Poller {
  #env: Environment
  #base: string
  #limit: number
  #adviser: Adviser | null
  #listener: PollListener
  #timer: ReturnType<typeof setTimeout> | null = null
  #running = false
  #round = 0
  #streamFailure: Error | null = null
  #problem: ConnectionProblem | null = null
  #status: PollingStatus = { everyMs: POLL_EVERY_MS, lastAt: null, ok: null, error: null, errors: {} }

  constructor(env: Environment, base: string, limit: number, adviser: Adviser | null, listener: PollListener) {
    this.#env = env
    this.#base = base
    this.#limit = limit
    this.#adviser = adviser
    this.#listener = listener
  }

  get status(): PollingStatus {
    return this.#status
  }

  /** What is wrong, since the stream was lost. */
  get problem(): ConnectionProblem | null {
    return this.#problem
  }

  /**
   * Starts, or finds out at once whether there is still a server: its last answer may be older than its end.
   * `streamFailure`: what is known of the reason.
   */
  start(streamFailure: Error | null): void {
    this.#streamFailure = streamFailure
    if (this.#running) return this.#again()
    this.#running = true
    this.#status = { ...this.#status, ok: null, error: null, errors: {} }
    void this.#poll()
  }

  stop(): void {
    this.#running = false
    this.#problem = null
    this.#round++
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  #again(): void {
    const { lastAt, everyMs } = this.#status
    const rested = Date.now() - (lastAt ?? 0) >= POLL_AGAIN_AFTER_MS
    // A server that named a time is left alone until then.
    if (this.#timer !== null && rested && everyMs === POLL_EVERY_MS) void this.#poll()
  }

  /** Polls at once if the last round is due: timers of a hidden page are late. */
  wake(): void {
    const due = Date.now() - (this.#status.lastAt ?? 0) >= POLL_EVERY_MS
    if (this.#running && this.#timer !== null && due) void this.#poll()
  }

  async #poll(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    const round = ++this.#round
    let waitMs = POLL_EVERY_MS
    if (this.#listener.mayPoll()) {
      const outcome = await this.#askAll(round)
      if (round !== this.#round) return
      waitMs = Math.max(waitMs, outcome.retryAfterMs)
      const { ok, error, errors } = outcome
      const failure = outcome.failure ?? this.#streamFailure
      const problem = failure === null ? null : ((await this.#adviser?.explain(failure)) ?? null)
      if (round !== this.#round) return
      this.#problem = problem
      this.#status = { everyMs: waitMs, lastAt: Date.now(), ok, error, errors }
      this.#listener.changed()
    }
    this.#timer = setTimeout(() => void this.#poll(), waitMs)
  }

  /**
   * One series that cannot be had now does not keep the others from being asked for. A server that cannot be reached, or wants to be left
   * alone, does.
   */
  async #askAll(round: number): Promise<Outcome> {
    const outcome: Outcome = { ok: false, error: null, errors: {}, retryAfterMs: 0, failure: null }
    let answered = 0
    for (const [series, since] of this.#listener.wanted()) {
      try {
        const askedAt = Date.now()
        const page = await fetchCandles(this.#env, this.#base, series, since, this.#limit)
        if (round !== this.#round) break
        answered++
        // A rev is server time in microseconds, and asof the newest one there is.
        if (page.asof !== null) this.#listener.clock(page.asof / 1000, askedAt, Date.now())
        this.#listener.polled(series, page)
      } catch (failure) {
        if (round !== this.#round) break
        const problem = failure instanceof HttpProblem ? failure : null
        if (problem?.isFinal) {
          this.#listener.refused(series, problem.refusal)
          continue
        }
        outcome.error = failure instanceof Error ? failure.message : String(failure)
        outcome.errors[series] = outcome.error
        outcome.failure = failure
        outcome.retryAfterMs = Math.max(outcome.retryAfterMs, problem?.retryAfterMs ?? 0)
        if (problem === null || problem.refusal.status === 401 || problem.refusal.status === 429) break
      }
    }
    outcome.ok = outcome.error === null || answered > 0
    if (outcome.ok) await this.askStatus(round)
    return outcome
  }

  /** The server itself may be cut off from the exchange, which a polling page has to know; and it knows whose prices they are. */
  async askStatus(round: number = this.#round): Promise<void> {
    try {
      const body = await fetchJson(this.#env, `${this.#base}/candles/stream/status`)
      if (round !== this.#round) return
      if (typeof body.simulated === 'boolean') this.#listener.simulated(body.simulated)
      if (!Array.isArray(body.streams)) return
      for (const item of body.streams.filter(isObject)) {
        const event = readEvent('status', JSON.stringify({ ...item, series: item.key }), Date.now())
        if (event?.kind === 'status') this.#listener.state(event.series, event.state)
      }
    } catch {
      // Candles arrived without it; the series keep the state they had.
    }
  }
}
