import type { Candle, FeedState, Gap, SeriesState } from './types.js'

/** What the server can say on the stream; see docs/protocol.md. */
export type ServerEvent =
  | { kind: 'hello'; serverTime: number; heartbeatMs: number; simulated: boolean }
  | { kind: 'status'; series: string; state: SeriesState }
  | { kind: 'snapshot'; series: string; candles: Candle[] }
  | { kind: 'synced'; asof: number; series: Record<string, 'fresh' | 'resumed' | 'reset'> }
  | { kind: 'candle'; series: string; candle: Candle }
  | { kind: 'delta'; series: string; time: number; rev: number; base: number; changes: Partial<Candle> }
  | { kind: 'heartbeat'; serverTime: number }
  | { kind: 'bye'; retryMs: number }

/** The names of the stream's events; `message` is the unnamed one, a candle. */
export const EVENT_NAMES = ['message', 'hello', 'status', 'snapshot', 'synced', 'delta', 'heartbeat', 'bye'] as const
export type EventName = (typeof EVENT_NAMES)[number]

const FEED_STATES: readonly string[] = ['connecting', 'live', 'reconnecting', 'polling', 'down']

type Json = Record<string, unknown>

/** Reads one event. Anything that is not what the protocol promises, cut JSON included, is null: never an exception. */
export function readEvent(name: EventName, data: string, now: number): ServerEvent | null {
  const json = parseObject(data)
  if (json === null) return null
  switch (name) {
    case 'message': {
      const candle = readCandle(json)
      if (candle === null || typeof json.symbol !== 'string' || typeof json.timeframe !== 'string') return null
      return { kind: 'candle', series: `${json.symbol}:${json.timeframe}`, candle }
    }
    case 'hello':
      if (!isNumber(json.server_time)) return null
      return {
        kind: 'hello',
        serverTime: json.server_time,
        heartbeatMs: isNumber(json.heartbeat_ms) && json.heartbeat_ms > 0 ? json.heartbeat_ms : 15_000,
        simulated: json.simulated === true,
      }
    case 'status': {
      const state = readSeriesState(json, now)
      return state === null || typeof json.series !== 'string' ? null : { kind: 'status', series: json.series, state }
    }
    case 'snapshot':
      if (typeof json.series !== 'string' || !Array.isArray(json.candles)) return null
      return { kind: 'snapshot', series: json.series, candles: readCandles(json.candles) }
    case 'synced':
      if (!isNumber(json.asof) || !isObject(json.series)) return null
      return { kind: 'synced', asof: json.asof, series: json.series as Record<string, 'fresh' | 'resumed' | 'reset'> }
    case 'delta':
      return readDelta(json)
    case 'heartbeat':
      return isNumber(json.server_time) ? { kind: 'heartbeat', serverTime: json.server_time } : null
    case 'bye':
      return { kind: 'bye', retryMs: isNumber(json.retry_ms) && json.retry_ms >= 0 ? json.retry_ms : 2000 }
  }
}

/** A list of candles; what is not a candle is left out. */
export function readCandles(list: unknown[]): Candle[] {
  return list.map((item) => (isObject(item) ? readCandle(item) : null)).filter((candle) => candle !== null)
}

/** One candle out of an untrusted object, or null. */
export function readCandle(json: Json): Candle | null {
  const { time, open, high, low, close, volume, rev } = json
  if (!isNumber(time) || !isNumber(rev) || !isNumber(volume)) return null
  if (!isNumber(open) || !isNumber(high) || !isNumber(low) || !isNumber(close)) return null
  return { time, open, high, low, close, volume, closed: json.closed === true, rev }
}

/** The server's ranges of unknown data; malformed ones are left out. */
export function readGaps(value: unknown): Gap[] {
  if (!Array.isArray(value)) return []
  return value.filter(
    (gap): gap is [number, number] => Array.isArray(gap) && isNumber(gap[0]) && isNumber(gap[1]) && gap[0] < gap[1],
  )
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function parseObject(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

function readSeriesState(json: Json, now: number): SeriesState | null {
  if (typeof json.state !== 'string' || !FEED_STATES.includes(json.state)) return null
  return {
    state: json.state as FeedState,
    connected: json.connected === true,
    ...(isNumber(json.attempt) ? { attempt: json.attempt } : {}),
    ...(isNumber(json.retry_in_ms) ? { retryInMs: json.retry_in_ms } : {}),
    ...(typeof json.reason === 'string' ? { reason: json.reason } : {}),
    ...(isNumber(json.poll_every_ms) ? { pollEveryMs: json.poll_every_ms } : {}),
    gaps: readGaps(json.gaps),
    at: now,
  }
}

function readDelta(json: Json): ServerEvent | null {
  const { series, time, rev, base } = json
  if (typeof series !== 'string' || !isNumber(time) || !isNumber(rev) || !isNumber(base)) return null
  const changes: Json = {}
  for (const field of ['open', 'high', 'low', 'close', 'volume'] as const) {
    if (isNumber(json[field])) changes[field] = json[field]
  }
  if (typeof json.closed === 'boolean') changes.closed = json.closed
  return { kind: 'delta', series, time, rev, base, changes: changes as Partial<Candle> }
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}
