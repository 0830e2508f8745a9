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

/** An answer that is not the wanted one: the server's problem in its own words. */
export class HttpProblem extends Error {
  readonly refusal: Refusal
  /** Milliseconds the server asked us to wait, or null. */
  readonly retryAfterMs: number | null

  constructor(refusal: Refusal, retryAfterMs: number | null) {
    super(refusal.detail || refusal.title)
    this.refusal = refusal
    this.retryAfterMs = retryAfterMs
  }

  /** True when asking again can never help: the series does not exist, or is not for this client. */
  get isFinal(): boolean {
    return [400, 403, 404].includes(this.refusal.status)
  }
}

/** `BTCF0:USTF0:1m` → symbol `BTCF0:USTF0`, timeframe `1m`: the last colon parts them. */
export function splitSeries(series: string): { symbol: string; timeframe: string } {
  const colon = series.lastIndexOf(':')
  return { symbol: series.slice(0, Math.max(colon, 0)), timeframe: series.slice(colon + 1) }
}

export async function fetchJson(env: Environment, url: string): Promise<Record<string, unknown>> {
  const timeout = new AbortController()
  const timer = setTimeout(() => timeout.abort(new Error('no answer in time')), TIMEOUT_MS)
  try {
    const response = await env.fetch(url, { signal: timeout.signal })
    const body: unknown = await response.json().catch(() => null)
    if (!response.ok) throw readProblem(response, body)
    if (!isObject(body)) throw new Error('the answer is not JSON')
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
  const { symbol, timeframe } = splitSeries(series)
  const query = new URLSearchParams({ symbol, timeframe })
  if (since === null) query.set('limit', String(Math.max(limit, 1)))
  else query.set('since', String(since))
  const body = await fetchJson(env, `${base}/candles?${query}`)
  return {
    candles: Array.isArray(body.candles) ? readCandles(body.candles) : [],
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
