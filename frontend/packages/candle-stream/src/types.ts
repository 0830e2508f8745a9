/** One OHLCV bar. Prices and volume are the exchange's decimals read as JavaScript numbers. */
export interface Candle {
  /** Open time, Unix milliseconds UTC. */
  readonly time: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
  /** False while the candle still forms. */
  readonly closed: boolean
  /** The server's version number of this candle: same `time`, higher `rev` = newer. */
  readonly rev: number
}

/** A candle together with the series it belongs to. */
export interface SeriesCandle extends Candle {
  readonly symbol: string
  readonly timeframe: string
}

/** A half-open range `[from, to)` of Unix milliseconds in which the server could not watch the exchange. */
export type Gap = readonly [from: number, to: number]

/** How the server is fed by the exchange. `live` is the only state in which its prices are current. */
export type FeedState = 'connecting' | 'live' | 'reconnecting' | 'polling' | 'down'

/** What the server says about one series. */
export interface SeriesState {
  readonly state: FeedState
  readonly connected: boolean
  /** Failed attempts so far, while reconnecting. */
  readonly attempt?: number
  /** Milliseconds until the server tries again, counted from `at`. */
  readonly retryInMs?: number
  readonly reason?: string
  /** Milliseconds between the server's own polls of the exchange, while it polls. */
  readonly pollEveryMs?: number
  readonly gaps: readonly Gap[]
  /** Local clock (Unix ms) when this was received. */
  readonly at: number
}

/** Why a series cannot be had at all (unknown symbol or timeframe): the server's own words. */
export interface Refusal {
  readonly status: number
  readonly title: string
  readonly detail: string
  /** Symbols with a similar name. */
  readonly matches: readonly string[]
}

/**
 * The connection to the CandleStream server.
 * idle: nothing subscribed. connecting: waiting for the first words. open: the stream runs.
 * waiting: it failed and the next attempt is planned. paused: the page is put away. stopped: for good.
 */
export type ConnectionPhase = 'idle' | 'connecting' | 'open' | 'waiting' | 'paused' | 'stopped'

/** Why the last stream ended: the server refused it, it broke, it fell silent, or the server said bye. */
export type DropReason = 'refused' | 'dropped' | 'silent' | 'bye' | 'garbled'

/** Everything a page needs to tell the truth about its connection. */
export interface ConnectionStatus {
  readonly phase: ConnectionPhase
  /** Failed attempts since the stream was last stable. */
  readonly attempt: number
  /** Local clock (Unix ms) of the next attempt, while waiting. */
  readonly nextRetryAt: number | null
  readonly reason: DropReason | null
  /** Local clock (Unix ms) of the last word of the stream, heartbeats included. */
  readonly lastMessageAt: number | null
  readonly lastEventId: number | null
  readonly heartbeatMs: number
  /** Server clock minus local clock, ms; null until the server has told its time. */
  readonly serverOffsetMs: number | null
  /** Measured delay between the server's making of a candle and its arrival here, ms. */
  readonly delayMs: number | null
  /** True when the prices are simulated; null until the server has said whose they are. */
  readonly simulated: boolean | null
  readonly polling: PollingStatus
  /** Why there is no stream, and what can be done; null while there is one, or before that is known. */
  readonly problem?: ConnectionProblem | null
  /** Who holds the stream: this page alone, this tab for all tabs, or another tab for this one. */
  readonly role: 'own' | 'leader' | 'follower'
}

/** What is wrong with the way to the server, in words for the person who can do something. */
export interface ConnectionProblem {
  /**
   * `key`: refused. `cors`: the server does not let this page read. `wrong-server`: somebody else answers, or another version.
   * `busy`: the server refuses for now. `unreachable`: nobody answers.
   */
  readonly kind: 'key' | 'cors' | 'wrong-server' | 'busy' | 'unreachable'
  readonly message: string
  /** True when trying again cannot help before something is changed. */
  readonly lasting: boolean
}

/** What polling does while the stream is away. */
export interface PollingStatus {
  readonly everyMs: number
  readonly lastAt: number | null
  /** True when the server answered for at least one series; null: no answer yet since the stream was lost. */
  readonly ok: boolean | null
  /** The last thing that went wrong in the last round. */
  readonly error: string | null
  /** The series that could not be had in the last round, and why: their candles are old, whatever became of the others. */
  readonly errors: Readonly<Record<string, string>>
}
