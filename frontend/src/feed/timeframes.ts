/** Every timeframe of the exchange, shortest first, case-sensitive: `1m` is a minute, `1M` a month. */
export const TIMEFRAMES = ['1m', '5m', '15m', '30m', '1h', '3h', '6h', '12h', '1D', '1W', '14D', '1M'] as const

const UNITS: Record<string, number> = { m: 60_000, h: 3_600_000, D: 86_400_000, W: 604_800_000 }

/** Length in ms; null for `1M`, whose length is the calendar's, and for what is no timeframe. */
export function timeframeMs(timeframe: string): number | null {
  const unit = UNITS[timeframe.slice(-1)]
  const count = Number(timeframe.slice(0, -1))
  return unit === undefined || !Number.isInteger(count) || count < 1 ? null : unit * count
}

/** Open time of the next candle, Unix ms. */
export function endOf(time: number, timeframe: string): number {
  const length = timeframeMs(timeframe)
  if (length !== null) return time + length
  const open = new Date(time)
  return Date.UTC(open.getUTCFullYear(), open.getUTCMonth() + 1, 1)
}

/** The offered timeframe whose length comes closest to what was asked for; null where that has no length. */
export function nearestTimeframe(asked: string, offered: readonly string[]): string | null {
  const wanted = timeframeMs(/^\d+$/.test(asked) ? `${asked}m` : asked.replace(/[dw]$/, (unit) => unit.toUpperCase()))
  if (wanted === null) return null
  const distance = (timeframe: string) => Math.abs(Math.log((timeframeMs(timeframe) ?? 30 * UNITS.D!) / wanted))
  return [...offered].sort((a, b) => distance(a) - distance(b))[0] ?? null
}

export function isTimeframe(text: string): boolean {
  return (TIMEFRAMES as readonly string[]).includes(text)
}
