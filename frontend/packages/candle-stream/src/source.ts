import type { Candle, ConnectionStatus, Refusal, SeriesState } from './types.js'

/** Series wanted, each with the rev the subscriber's own candles are complete up to, or null where it has none. */
export type Wanted = ReadonlyMap<string, number | null>

/** Where candles come from: an own connection, or the tab that holds one for all. */
export interface CandleSource {
  readonly status: ConnectionStatus
  want(series: Wanted): void
  /** The page is looked at again, or the network came back: make up for late timers. */
  wake(): void
  /** Do not wait for the planned attempt. */
  reconnect(): void
  /** The page is put away (back/forward cache): let go of everything. */
  pause(): void
  resume(): void
  stop(): void
}

/** Who is told what a source brings. */
export interface SourceListener {
  candles(series: string, candles: readonly Candle[]): void
  /** Forget all candles and revs of the series; these are the new beginning. */
  reset(series: string, candles: readonly Candle[]): void
  state(series: string, state: SeriesState): void
  refused(series: string, refusal: Refusal): void
  /** The status object has changed, or the stream gave a sign of life. */
  changed(): void
}
