import { CandleClient, type CandleClientOptions } from './client.js'
import type { StreamClient } from './streamClient.js'
import type { Candle, ConnectionStatus, SeriesCandle, SeriesState } from './types.js'

export interface CandleStreamOptions extends CandleClientOptions {
  /** A client to share; by default all streams with the same `url` and options share one. */
  client?: StreamClient
  /** The connection to the server has changed. */
  onStatus?(status: ConnectionStatus): void
  /** The server's word on the series has changed. */
  onState?(state: SeriesState): void
  /** The series cannot be had, in the server's words. */
  onError?(error: Error): void
}

/** Clients of `createCandleStream`, one per server and set of options, for as long as the page lives. */
const shared: { key: string; environment: CandleClientOptions['environment']; client: CandleClient }[] = []

/** The live candles of one series. Any number of them share one connection. */
export class CandleStream {
  readonly symbol: string
  readonly timeframe: string
  #onCandle: (candle: SeriesCandle) => void
  #options: CandleStreamOptions
  #client: StreamClient | null = null
  #leave: (() => void)[] = []
  /** Counts `connect` and `close`: a callback that closes the stream may come before there is anything to leave. */
  #run = 0

  constructor(
    symbol: string,
    timeframe: string,
    onCandle: (candle: SeriesCandle) => void,
    options: CandleStreamOptions = {},
  ) {
    this.symbol = symbol
    this.timeframe = timeframe
    this.#onCandle = onCandle
    this.#options = options
  }

  /** `BTCUSD:1m` */
  get series(): string {
    return `${this.symbol}:${this.timeframe}`
  }

  /** True only while the stream runs and the server itself is fed live: what ⚡ stands for. */
  get connected(): boolean {
    return this.status?.phase === 'open' && this.#client?.stateOf(this.series)?.connected === true
  }

  get status(): ConnectionStatus | null {
    return this.#client?.status ?? null
  }

  /** Starts, or does nothing if it runs. */
  connect(): void {
    if (this.#client !== null) return
    const { onStatus, onState } = this.#options
    const client = this.#options.client ?? sharedClient(this.#options)
    const { symbol, timeframe } = this
    this.#client = client
    const run = ++this.#run
    const isCurrent = () => run === this.#run
    if (onStatus !== undefined) this.#leave.push(client.onStatus((status) => isCurrent() && onStatus(status)))
    if (this.#options.onError !== undefined) this.#leave.push(this.#watchProblems(client, isCurrent))
    const forward = (candles: readonly Candle[]) => {
      for (const candle of candles) if (isCurrent()) this.#onCandle({ symbol, timeframe, ...candle })
    }
    const leave = client.subscribe(this.series, {
      onCandles: forward,
      onReset: forward,
      onState: (state) => isCurrent() && onState?.(state),
      onRefused: (refusal) => isCurrent() && this.#tell(new Error(refusal.detail || refusal.title)),
    })
    if (isCurrent()) this.#leave.push(leave)
    else leave()
  }

  /** Each lasting problem once. */
  #watchProblems(client: StreamClient, isCurrent: () => boolean): () => void {
    let told: string | null = null
    return client.onStatus(({ problem }) => {
      const message = problem?.lasting ? problem.message : null
      if (message !== null && message !== told && isCurrent()) this.#tell(new Error(message))
      told = message
    })
  }

  #tell(error: Error): void {
    const { onError } = this.#options
    if (onError !== undefined) onError(error)
    // biome-ignore lint/suspicious/noConsole: a failure that nobody listens to must not be silent
    else console.error(`candle-stream: ${this.series}: ${error.message}`)
  }

  /** Stops; no callback comes after it. May be connected again. */
  close(): void {
    this.#run++
    for (const leave of this.#leave) leave()
    this.#leave = []
    this.#client = null
  }
}

/** Follows a series at once: `createCandleStream('BTCUSD', '1m', candle => …)`. */
export function createCandleStream(
  symbol: string,
  timeframe: string,
  onCandle: (candle: SeriesCandle) => void,
  options: CandleStreamOptions = {},
): CandleStream {
  const stream = new CandleStream(symbol, timeframe, onCandle, options)
  stream.connect()
  return stream
}

/** The client of all who ask for the same with the same options. */
export function sharedClient(options: CandleClientOptions): CandleClient {
  const { url = '', apiKey, snapshot, maxRate, delta, shareTabs, environment } = options
  const key = JSON.stringify({ url, apiKey, snapshot, maxRate, delta, shareTabs })
  const known = shared.find((entry) => entry.key === key && entry.environment === environment)
  if (known !== undefined) return known.client
  const client = new CandleClient(options)
  shared.push({ key, environment, client })
  return client
}
