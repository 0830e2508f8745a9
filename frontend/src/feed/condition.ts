import type { ConnectionStatus, Refusal, SeriesState } from '../api/candleStream'

/** What the status pill says. Only `live` may wear the ⚡. */
export type ConditionKind =
  | 'loading'
  | 'connecting'
  | 'live'
  | 'stale'
  | 'reconnecting'
  | 'polling'
  | 'down'
  | 'offline'
  | 'error'
  | 'locked'

export interface Condition {
  kind: ConditionKind
  /** The pill's word. */
  word: string
  /** The reason in a sentence, for hover and for screen readers. */
  reason: string
  /** Local clock (Unix ms) of the next attempt; null where none is planned. */
  retryAt: number | null
  /** True where a click may bring the next attempt forward. */
  canRetry: boolean
}

export interface Circumstances {
  connection: ConnectionStatus
  /** The series shown, such as `BTCUSD:1m`. */
  name: string
  series: SeriesState | null
  refusal: Refusal | null
  hasBars: boolean
  online: boolean
  /** The server wants a key. */
  locked: boolean
  now: number
}

const DROP_WORDS = {
  refused: 'the server refused the stream or could not be reached',
  dropped: 'the connection broke',
  silent: 'the stream went silent',
  bye: 'the server is restarting',
  garbled: 'the stream could not be read',
} as const

/** The truth about the prices on screen, in one word and one sentence. Pure: everything comes in. */
export function conditionOf(at: Circumstances): Condition {
  if (at.locked) return still('locked', 'Key needed', 'The server needs an API key.')
  if (at.refusal !== null) return still('error', 'Error', at.refusal.detail || at.refusal.title)
  if (at.connection.phase === 'open') return at.series === null ? connecting(at) : streaming(at, at.series)
  if (at.connection.phase === 'waiting' || at.connection.attempt > 0) return disconnected(at)
  return connecting(at)
}

function connecting(at: Circumstances): Condition {
  if (!at.hasBars) return still('loading', 'Loading', 'Asking the server for history.')
  return still('connecting', 'Connecting', 'Opening the stream.')
}

/** Our stream runs; how the server itself is fed decides. */
function streaming(at: Circumstances, series: SeriesState): Condition {
  const silentMs = at.now - (at.connection.lastMessageAt ?? at.now)
  if (silentMs > at.connection.heartbeatMs + 5000) {
    const seconds = Math.round(silentMs / 1000)
    return still('stale', 'Stale', `The stream has been silent for ${seconds} s, longer than its heartbeat.`)
  }
  const because = series.reason ? `: ${series.reason}` : ''
  switch (series.state) {
    case 'live':
      return still('live', 'Live', `Streaming from the exchange${simulated(at)}.`)
    case 'connecting':
      return still('connecting', 'Connecting', `The server is connecting to the exchange${because}.`)
    case 'reconnecting': {
      const retryAt = series.retryInMs === undefined ? null : series.at + series.retryInMs
      const attempt = series.attempt === undefined ? '' : ` (attempt ${series.attempt})`
      const reason = `The server lost the exchange and is reconnecting${attempt}${because}.`
      return { kind: 'reconnecting', word: words('Reconnecting', series.attempt), reason, retryAt, canRetry: false }
    }
    case 'polling': {
      const every = interval(series.pollEveryMs ?? 15_000)
      const reason = `The exchange’s live feed is unavailable; the server polls it every ${every}${because}.`
      return still('polling', `Polling · ${every}`, reason)
    }
    case 'down':
      return still('down', 'Down', series.reason ?? 'The server gets no data from the exchange.')
  }
}

/** Our stream is away; polling decides whether the prices still move. */
function disconnected(at: Circumstances): Condition {
  const { connection, online } = at
  const { polling } = connection
  const error = polling.errors[at.name]
  const why = DROP_WORDS[connection.reason ?? 'dropped']
  const retry = { retryAt: connection.nextRetryAt, canRetry: connection.phase === 'waiting' }
  if (!online) return { kind: 'offline', word: 'Offline', reason: 'This device has no network.', ...retry }
  if (polling.ok === true && error !== undefined) {
    return { kind: 'down', word: 'Down', reason: `The server has no new data for this series: ${error}`, ...retry }
  }
  if (polling.ok === true) {
    const every = interval(polling.everyMs)
    return {
      kind: 'polling',
      word: `Polling · ${every}`,
      reason: `No stream (${why}); asking every ${every}.`,
      ...retry,
    }
  }
  if (polling.ok === false) {
    const reason = `No connection to the server: ${why}. Attempt ${connection.attempt}.`
    return { kind: 'offline', word: 'Offline', reason, ...retry }
  }
  const reason = `Reconnecting: ${why}. Attempt ${connection.attempt}.`
  return { kind: 'reconnecting', word: words('Reconnecting', connection.attempt), reason, ...retry }
}

function still(kind: ConditionKind, word: string, reason: string): Condition {
  return { kind, word, reason, retryAt: null, canRetry: false }
}

function words(word: string, attempt: number | undefined): string {
  return attempt === undefined || attempt < 1 ? word : `${word} · ${attempt}`
}

function interval(ms: number): string {
  return `${Math.round(ms / 1000)} s`
}

function simulated(at: Circumstances): string {
  return at.connection.simulated === true ? ' simulator: these are not real prices' : ''
}
