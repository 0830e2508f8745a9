import { CandleClient, type CandleClientOptions } from './client.js'
import type { FollowOptions } from './follow.js'
import type { HistoryPage, HistoryQuery } from './rest.js'
import type { SeriesCandle } from './types.js'

/** `for await (const candle of follow('BTCUSD:1m', { url, history: 500 }))`: a connection of its own, which ends with the loop. */
export async function* follow(
  series: string | readonly string[],
  options: CandleClientOptions & FollowOptions = {},
): AsyncGenerator<SeriesCandle, void> {
  // Problems are thrown, or passed over: the loop is its own listener.
  const client = new CandleClient({ shareTabs: false, ...options })
  try {
    yield* client.follow(series, options)
  } finally {
    client.stop()
  }
}

/** One answer of `GET /candles`: `history('BTCUSD:1m', { url, limit: 1000 })`. Its `asof` is where a stream begins without a hole. */
export async function history(series: string, options: CandleClientOptions & HistoryQuery = {}): Promise<HistoryPage> {
  const { start, end, limit, since, signal, ...rest } = options
  const client = new CandleClient({ ...rest, shareTabs: false })
  const query = { start, end, limit, since, signal }
  try {
    return await client.history(
      series,
      Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)),
    )
  } catch (failure) {
    throw await client.explain(failure)
  } finally {
    client.stop()
  }
}
