import type { Environment } from './environment.js'
import { type FollowOptions, followSeries } from './follow.js'
import { Spokesman } from './problem.js'
import { fetchHistory, fetchJson, type HistoryPage, type HistoryQuery } from './rest.js'
import { StreamClient, type StreamClientOptions } from './streamClient.js'
import { surroundings } from './surroundings.js'
import type { ConnectionProblem, SeriesCandle } from './types.js'

export interface CandleClientOptions extends StreamClientOptions {
  /** A key for a server that asks for one. It is sent as a header; browsers' streams are opened with tickets, renewed as needed. */
  apiKey?: string
  /**
   * What is wrong with the way to the server, in words, once for each trouble. Default: `console.error`, unless `onStatus` has a listener.
   */
  onProblem?(problem: ConnectionProblem): void
}

/** A `StreamClient` for every program: in Node too, with a key, history, an iterator, and words for what is wrong. */
export class CandleClient extends StreamClient {
  #env: Environment
  #base: string
  #spokesman: Spokesman

  constructor(options: CandleClientOptions = {}) {
    const environment = surroundings(options.environment, options.apiKey)
    const url = readAddress(options.url ?? '', environment)
    const spokesman = new Spokesman(environment, url, options.onProblem)
    super({ ...options, url, environment }, spokesman)
    this.#env = environment
    this.#base = url
    this.#spokesman = spokesman
  }

  /** One answer of `GET /candles`. */
  history(series: string, query: HistoryQuery = {}): Promise<HistoryPage> {
    return fetchHistory(this.#env, this.#base, series, query)
  }

  /** Candles as an async iterator, from history on if asked for: `for await (const candle of client.follow('BTCUSD:1m'))`. */
  follow(series: string | readonly string[], options: FollowOptions = {}): AsyncGenerator<SeriesCandle, void> {
    return followSeries(this, series, options)
  }

  /** What `GET` answers as JSON on a route of the server. */
  json(path: string): Promise<Record<string, unknown>> {
    return fetchJson(this.#env, `${this.#base}${path}`)
  }

  /** A failure of `history` or `json` in words that say what can be done. */
  async explain(failure: unknown): Promise<Error> {
    return new Error((await this.#spokesman.explain(failure)).message, { cause: failure })
  }
}

/** Without a slash at the end. A mistake is told at once, not by a request that fails. */
function readAddress(url: string, env: Environment): string {
  const base = url.replace(/\/+$/, '')
  if (base === '' && env.page === null) throw new Error("give the server's address: { url: 'http://127.0.0.1:8000' }")
  if (base !== '' && !/^(https?:\/\/|\/)/.test(base))
    throw new Error(`'${url}' is no server's address: write it such as http://127.0.0.1:8000`)
  return base
}
