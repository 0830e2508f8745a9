export { CandleStream, type CandleStreamOptions, createCandleStream } from './candleStream.js'
export { CandleClient, type CandleClientOptions, type SeriesListener, type SubscribeOptions } from './client.js'
export type { ChannelLike, Environment, EventSourceLike, LocksLike, PageChange, PageLike } from './environment.js'
export { isObject, readCandles, readGaps } from './protocol.js'
export { HttpProblem, readProblem, splitSeries } from './rest.js'
export type {
  Candle,
  ConnectionPhase,
  ConnectionStatus,
  DropReason,
  FeedState,
  Gap,
  PollingStatus,
  Refusal,
  SeriesCandle,
  SeriesState,
} from './types.js'
