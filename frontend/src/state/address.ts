import { isTimeframe, nearestTimeframe, TIMEFRAMES } from '../feed/timeframes'
import { isSymbolText, type Settings } from './settings'

/** Bars asked for at first. */
export const FIRST_PAGE = 600

/** What a link asks for. */
export interface Link {
  symbol: string
  timeframe: string
  /** The timeframe of the link, where it is not offered and `timeframe` is the nearest one. */
  missed: string | null
  /** Parts of the link that this version does not know, such as `layout`. */
  unknown: readonly string[]
}

/** Campaign marks and the like, which other programs add to links. */
const MARKS = /^(utm_|ref$|fbclid$|gclid$)/

/** The address wins over what was remembered, as long as it can be read at all; it is never taken for something else without a word. */
export function readAddress(
  { search, hash }: { search: string; hash: string },
  remembered: Settings,
  offered: readonly string[] = TIMEFRAMES,
): Link {
  const query = new URLSearchParams(search)
  const symbol = query.get('symbol')?.trim() ?? ''
  const asked = query.get('timeframe')?.trim() ?? ''
  const timeframe = asked === '' ? remembered.timeframe : readTimeframe(asked, offered)
  return {
    symbol: symbol === '' ? remembered.symbol : readSymbol(symbol),
    timeframe: timeframe ?? nearestTimeframe(asked, offered) ?? remembered.timeframe,
    missed: timeframe === null ? asked.slice(0, 20) : null,
    unknown: [...query.keys(), ...(hash.length > 1 ? [hash] : [])]
      .filter((name) => name !== 'symbol' && name !== 'timeframe' && !MARKS.test(name))
      .map((name) => name.slice(0, 20)),
  }
}

/** `btcusd`, `BTC/USD`, `tBTCUSD` and `BTC-USD` all mean `BTCUSD`; longer names are parted by a colon. Behind an exchange's name the slash stays. */
export function readSymbol(text: string): string {
  if (/^[a-z]+:[^:]+\//i.test(text)) return text.toUpperCase()
  const bare = /^t[A-Z0-9:]{5,}$/.test(text) ? text.slice(1) : text
  const [base = '', quote = ''] = bare.toUpperCase().split(/[/\-_]/)
  if (quote === '') return base
  return base.length === 3 && quote.length === 3 ? base + quote : `${base}:${quote}`
}

/** Whether this may be a symbol: nothing else is asked of the server. */
export const isSymbol = isSymbolText

/** `60` is an hour and `1d` a day, as other pages write them; `1m` is a minute and `1M` a month. Null where it is not offered. */
export function readTimeframe(asked: string, offered: readonly string[]): string | null {
  if (offered.includes(asked)) return asked
  const minutes = /^\d+$/.test(asked) ? Number(asked) : null
  if (minutes !== null) return offered.find((timeframe) => minutesOf(timeframe) === minutes) ?? null
  const other = asked.replace(/[hdw]$/i, (unit) => (/h/i.test(unit) ? 'h' : unit.toUpperCase()))
  return offered.includes(other) && isTimeframe(other) ? other : null
}

function minutesOf(timeframe: string): number | null {
  const factor = { m: 1, h: 60, D: 1440, W: 10_080 }[timeframe.slice(-1)]
  return factor === undefined ? null : Number(timeframe.slice(0, -1)) * factor
}

/** Where the first page of a series is asked for: by the same address before and after the page has started. */
export function firstPageUrl(symbol: string, timeframe: string, limit: number): string {
  return `/candles?${new URLSearchParams({ symbol, timeframe, limit: String(limit) })}`
}
