import type { Environment } from './environment.js'
import { isObject, readCandles, readGaps } from './protocol.js'
import type { Candle, Gap, Refusal } from './types.js'

const TIMEOUT_MS = 10_000

/** The answer of `GET /candles`. */
export interface CandlePage {
  candles: Candle[]
  asof: number | null
  gaps: Gap[]
  /** The server cannot tell what changed since the asked rev: forget the series and start from these candles. */
  reset: boolean
}

/** What to ask `GET /candles` for. Times are open times, Unix ms, both inclusive. */
export interface HistoryQuery {
  start?: number
  end?: number
  /** 1 to 10 000. Default: 500. */
  limit?: number
  /** Only what changed after this rev. */
  since?: number
  signal?: AbortSignal
}

/** A page of history. Its `asof` is where a stream begins without a hole. */
export interface HistoryPage extends CandlePage {
  series: string
  /** The `start` of the next page, or null at the end. */
  next: number | null
}

/** An answer that is not the wanted one: the server's problem in its own words. */
export class HttpProblem extends Error {
  readonly refusal: Refusal
  /** True when the server itself speaks, by a problem+json, and not somebody on the way. */
  readonly isProblem: boolean
  /** Milliseconds the server asked us to wait, or null. */
  readonly retryAfterMs: number | null

  constructor(refusal: Refusal, retryAfterMs: number | null) {
    super(refusal.detail || refusal.title)
    this.isProblem = refusal.detail !== ''
    this.refusal = refusal
    this.retryAfterMs = retryAfterMs
  }

  /** True when asking again can never help: the series does not exist, or is not for this client. */
  get isFinal(): boolean {
    return this.isProblem && [400, 403, 404].includes(this.refusal.status)
  }
}

/** An answer of somebody who does not speak the protocol, such as a page of HTML. */
export class WrongServer extends Error {}

/** What the answer is instead. */
export function wrongServer(response: Response): WrongServer {
  const type = response.headers.get('Content-Type')?.split(';')[0] || 'nothing readable'
  return new WrongServer(`it answers with ${type}`)
}

/** `BTCF0:USTF0:1m` → symbol `BTCF0:USTF0`, timeframe `1m`: the last colon parts them. */
export function splitSeries(series: string): { symbol: string; timeframe: string } {
  const colon = series.lastIndexOf(':')
  return { symbol: series.slice(0, Math.max(colon, 0)), timeframe: series.slice(colon + 1) }
}

export async function fetchJson(
  env: Pick<Environment, 'fetch'>,
  url: string,
  init: RequestInit = {},
): Promise<Record<string, unknown>> {
  const timeout = new AbortController()
  init.signal?.addEventListener('abort', () => timeout.abort(init.signal?.reason), { once: true })
  const timer = setTimeout(() => timeout.abort(new Error('no answer in time')), TIMEOUT_MS)
  try {
    const response = await env.fetch(url, { ...init, signal: timeout.signal })
    const body: unknown = await response.json().catch(() => null)
    if (!response.ok) throw readProblem(response, body)
    if (!isObject(body)) throw wrongServer(response)
    return body
  } finally {
    clearTimeout(timer)
  }
}

/** What changed in a series after `since`, or its newest `limit` candles: at least one, the server refuses to give none. */
export async function fetchCandles(
  env: Environment,
  base: string,
  series: string,
  since: number | null,
  limit: number,
): Promise<CandlePage> {
  return fetchHistory(env, base, series, since === null ? { limit: Math.max(limit, 1) } : { since })
}

/** One answer of `GET /candles`. */
export async function fetchHistory(
  env: Pick<Environment, 'fetch'>,
  base: string,
  series: string,
  { signal, ...bounds }: HistoryQuery = {},
): Promise<HistoryPage> {
  const { symbol, timeframe } = splitSeries(series)
  const query = new URLSearchParams({ symbol, timeframe })
  for (const [name, value] of Object.entries(bounds)) if (value !== undefined) query.set(name, String(value))
  const body = await fetchJson(env, `${base}/candles?${query}`, signal === undefined ? {} : { signal })
  if (!Array.isArray(body.candles)) throw new WrongServer('its answer holds no candles')
  return {
    series,
    next: typeof body.next === 'number' ? body.next : null,
    candles: readCandles(body.candles),
    asof: typeof body.asof === 'number' ? body.asof : null,
    gaps: readGaps(body.gaps),
    reset: body.reset === true,
  }
}

/** An answer's problem+json, or the best that can be said without one. */
export function readProblem(response: Response, body: unknown): HttpProblem {
  const problem = isObject(body) ? body : {}
  const text = (value: unknown) => (typeof value === 'string' ? value : '')
  const seconds = Number(response.headers.get('Retry-After'))
  return new HttpProblem(
    {
      status: response.status,
      title: text(problem.title) || `HTTP ${response.status}`,
      detail: text(problem.detail),
      matches: Array.isArray(problem.matches) ? problem.matches.filter((match) => typeof match === 'string') : [],
    },
    Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : null,
  )
}
