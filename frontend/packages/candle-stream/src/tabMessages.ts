import type { Candle, ConnectionStatus, Refusal, SeriesState } from './types.js'

/** What tabs of one page say to each other over a BroadcastChannel. All tabs run the same code, but perhaps not the same version. */
export type TabMessage =
  | { kind: 'lead' }
  | { kind: 'want'; tab: string; series: [string, number | null][] }
  | { kind: 'gone'; tab: string }
  | { kind: 'candles'; series: string; candles: readonly Candle[] }
  | { kind: 'reset'; series: string; candles: readonly Candle[] }
  | { kind: 'state'; series: string; state: SeriesState }
  | { kind: 'refused'; series: string; refusal: Refusal }
  | { kind: 'status'; status: ConnectionStatus }
  | { kind: 'reconnect' }

/** Part of the channel's name: tabs of another message version keep a stream of their own. */
export const TAB_PROTOCOL = 2
