import type { Candle, Gap } from '../api/candleStream'

/** What the chart is told. */
export interface FeedListener {
  /** The bars were replaced or extended at an end: draw all of them. */
  redraw(): void
  /** One bar is new or has new values. */
  update(candle: Candle): void
  /** The server changed a bar that was already closed. */
  corrected(candle: Candle): void
  gaps(gaps: readonly Gap[]): void
  /** Loading, error, end of history or the server's word on the series changed. */
  changed(): void
  /** A page did not come and may be asked for again: if somebody still looks there. */
  mayPage(): void
}
