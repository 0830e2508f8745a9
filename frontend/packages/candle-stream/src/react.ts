import { useEffect, useMemo, useState } from 'react'
import { sharedClient } from './candleStream.js'
import type { CandleClient, CandleClientOptions } from './client.js'
import { LiveSeries } from './liveSeries.js'
import type { Candle, Gap, SeriesState } from './types.js'

export interface UseCandlesOptions extends Pick<CandleClientOptions, 'url' | 'apiKey' | 'maxRate' | 'delta'> {
  /** Candles to begin with. Default: 500. */
  history?: number
  /** A client to share; by default all hooks with the same options share one. */
  client?: CandleClient
}

export interface LiveCandles {
  /** Oldest first; the last one may still form. */
  readonly candles: readonly Candle[]
  readonly latest: Candle | null
  /** True only while the server itself is fed live. */
  readonly connected: boolean
  readonly state: SeriesState | null
  /** Ranges [from, to) of open times in which candles may be missing. */
  readonly gaps: readonly Gap[]
  readonly error: Error | null
}

const NOTHING: LiveCandles = { candles: [], latest: null, connected: false, state: null, gaps: [], error: null }

/** Changes within this time are drawn at once. */
const FRAME_MS = 16

/** History and live candles of a series. Several changes within one frame are drawn once. */
export function useCandles(series: string, options: UseCandlesOptions = {}): LiveCandles {
  const { url, apiKey, maxRate, delta, history = 500 } = options
  const client = useMemo(
    () => options.client ?? sharedClient(withoutUndefined({ url, apiKey, maxRate, delta })),
    [options.client, url, apiKey, maxRate, delta],
  )
  const [heard, setHeard] = useState<{ client: CandleClient; series: string; live: LiveCandles } | null>(null)
  useEffect(() => {
    let planned: ReturnType<typeof setTimeout> | null = null
    const plan = () => {
      planned ??= setTimeout(() => {
        planned = null
        setHeard({ client, series, live: read(client, series, data) })
      }, FRAME_MS)
    }
    const data = new LiveSeries(client, series, history, { onReplaced: plan, onCandle: plan, onChange: plan })
    const leave = client.onStatus(plan)
    return () => {
      if (planned !== null) clearTimeout(planned)
      leave()
      data.close()
    }
  }, [client, series, history])
  // What is held until the first answer is another series' candles.
  return heard?.client === client && heard.series === series ? heard.live : NOTHING
}

function read(client: CandleClient, series: string, { candles, gaps, state, error }: LiveSeries): LiveCandles {
  const connected = client.status.phase === 'open' && client.stateOf(series)?.connected === true
  return { candles: [...candles], latest: candles.at(-1) ?? null, connected, state, gaps, error }
}

function withoutUndefined(options: Record<string, unknown>): CandleClientOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
