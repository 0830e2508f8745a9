import type { ConnectionStatus, Refusal, SeriesState } from '../api/candleStream'
import { text } from '../text/text'

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
  /** The series was there and is refused now. */
  gone: Refusal | null
  hasBars: boolean
  online: boolean
  /** Why the server gives nothing, in a word and a sentence: it wants a key, or a ticket. Null while it gives. */
  closed: { word: string; reason: string } | null
  now: number
}

/** The truth about the prices on screen, in one word and one sentence. Pure: everything comes in. */
export function conditionOf(at: Circumstances): Condition {
  if (at.closed !== null) return still('locked', at.closed.word, at.closed.reason)
  if (at.refusal !== null) return still('error', text.error, at.refusal.detail || at.refusal.title)
  if (at.gone !== null) return still('down', text.down, at.gone.detail || at.gone.title)
  if (at.connection.phase === 'open') return at.series === null ? connecting(at) : streaming(at, at.series)
  if (at.connection.phase === 'waiting' || at.connection.attempt > 0) return disconnected(at)
  return connecting(at)
}

function connecting(at: Circumstances): Condition {
  if (!at.hasBars) return still('loading', text.loadingWord, text.loadingMeans)
  return still('connecting', text.connecting, text.connectingMeans)
}

/** Our stream runs; how the server itself is fed decides. */
function streaming(at: Circumstances, series: SeriesState): Condition {
  const silentMs = at.now - (at.connection.lastMessageAt ?? at.now)
  if (silentMs > at.connection.heartbeatMs + 5000) {
    const seconds = Math.round(silentMs / 1000)
    return still('stale', text.stale, text.staleMeans(seconds))
  }
  const because = series.reason ? `: ${series.reason}` : ''
  switch (series.state) {
    case 'live':
      return still('live', text.live, text.liveMeans(at.connection.simulated === true))
    case 'connecting':
      return still('connecting', text.connecting, text.serverConnecting(because))
    case 'reconnecting': {
      const retryAt = series.retryInMs === undefined ? null : series.at + series.retryInMs
      const attempt = series.attempt === undefined ? '' : text.attempt(series.attempt)
      const reason = text.serverReconnecting(attempt, because)
      return { kind: 'reconnecting', word: words(text.reconnecting, series.attempt), reason, retryAt, canRetry: false }
    }
    case 'polling': {
      const every = interval(series.pollEveryMs ?? 15_000)
      const reason = text.serverPolling(every, because)
      return still('polling', text.polling(every), reason)
    }
    case 'down':
      return still('down', text.down, series.reason ?? text.downMeans)
  }
}

/** Our stream is away; polling decides whether the prices still move. */
function disconnected(at: Circumstances): Condition {
  const { connection, online } = at
  const { polling } = connection
  const error = polling.errors[at.name]
  const why = text.drops[connection.reason ?? 'dropped']
  const retry = { retryAt: connection.nextRetryAt, canRetry: connection.phase === 'waiting' }
  if (!online) return { kind: 'offline', word: text.offline, reason: text.noNetwork, ...retry }
  if (polling.ok === true && error !== undefined) {
    return { kind: 'down', word: text.down, reason: text.nothingNew(error), ...retry }
  }
  if (polling.ok === true) {
    const every = interval(polling.everyMs)
    return {
      kind: 'polling',
      word: text.polling(every),
      reason: text.pollingMeans(why, every),
      ...retry,
    }
  }
  if (polling.ok === false) {
    const reason = text.offlineMeans(why, connection.attempt)
    return { kind: 'offline', word: text.offline, reason, ...retry }
  }
  const reason = text.reconnectingMeans(why, connection.attempt)
  return { kind: 'reconnecting', word: words(text.reconnecting, connection.attempt), reason, ...retry }
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
