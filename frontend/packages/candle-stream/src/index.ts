export { CandleStream, type CandleStreamOptions, createCandleStream } from './candleStream.js'
export { CandleClient, type CandleClientOptions } from './client.js'
export type { ChannelLike, Environment, EventSourceLike, LocksLike, PageChange, PageLike } from './environment.js'
export type { FollowOptions } from './follow.js'
export { LiveSeries, type LiveSeriesListener } from './liveSeries.js'
export { isObject, readCandles, readGaps } from './protocol.js'
export type { HistoryPage, HistoryQuery } from './rest.js'
export { HttpProblem, readProblem, splitSeries } from './rest.js'
export { follow, history } from './standalone.js'
export { type SeriesListener, StreamClient, type StreamClientOptions, type SubscribeOptions } from './streamClient.js'
export type {
  Candle,
  ConnectionPhase,
  ConnectionProblem,
  ConnectionStatus,
  DropReason,
  FeedState,
  Gap,
  PollingStatus,
  Refusal,
  SeriesCandle,
  SeriesState,
} from './types.js'
