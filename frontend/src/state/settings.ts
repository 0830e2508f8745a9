import { isTimeframe } from '../feed/timeframes'

export type Theme = 'dark' | 'light' | 'system'
export type Palette = 'classic' | 'colour-blind'
export type TimeZone = 'utc' | 'local'
export type Scale = 'linear' | 'log' | 'percent'

/** What the page remembers in this browser. */
export interface Settings {
  symbol: string
  timeframe: string
  theme: Theme
  palette: Palette
  timeZone: TimeZone
  scale: Scale
  /** Single characters are shortcuts; off for those who speak or mistype them (WCAG 2.1.4). */
  shortcuts: boolean
  /** Symbols of the watchlist; null until the user has changed it. */
  watch: string[] | null
}

export const DEFAULTS: Settings = {
  symbol: 'BTCUSD',
  timeframe: '1m',
  theme: 'dark',
  palette: 'classic',
  timeZone: 'utc',
  scale: 'linear',
  shortcuts: true,
  watch: null,
}

/** More rows than this do not fit, and every row is a series the server has to follow. */
export const MAX_WATCHED = 20
const KEY = 'candlestream.settings'

/** Reads settings out of anything: what is missing or wrong becomes the default, field by field. */
export function readSettings(text: string | null): Settings {
  let stored: Record<string, unknown> = {}
  try {
    const value: unknown = JSON.parse(text ?? '{}')
    if (typeof value === 'object' && value !== null) stored = value as Record<string, unknown>
  } catch {
    return { ...DEFAULTS }
  }
  const oneOf = <T extends string>(value: unknown, allowed: readonly T[], otherwise: T): T =>
    allowed.includes(value as T) ? (value as T) : otherwise
  return {
    symbol: isSymbolText(stored.symbol) ? stored.symbol : DEFAULTS.symbol,
    timeframe:
      typeof stored.timeframe === 'string' && isTimeframe(stored.timeframe) ? stored.timeframe : DEFAULTS.timeframe,
    theme: oneOf(stored.theme, ['dark', 'light', 'system'], DEFAULTS.theme),
    palette: oneOf(stored.palette, ['classic', 'colour-blind'], DEFAULTS.palette),
    timeZone: oneOf(stored.timeZone, ['utc', 'local'], DEFAULTS.timeZone),
    scale: oneOf(stored.scale, ['linear', 'log', 'percent'], DEFAULTS.scale),
    shortcuts: typeof stored.shortcuts === 'boolean' ? stored.shortcuts : DEFAULTS.shortcuts,
    watch: Array.isArray(stored.watch) ? stored.watch.filter(isSymbolText).slice(0, MAX_WATCHED) : null,
  }
}

/** The address wins over what was remembered. */
export function readAddress(search: string, remembered: Settings): Pick<Settings, 'symbol' | 'timeframe'> {
  const query = new URLSearchParams(search)
  const symbol = query.get('symbol')
  const timeframe = query.get('timeframe')
  return {
    symbol: symbol !== null && symbol !== '' ? symbol : remembered.symbol,
    timeframe: timeframe !== null && isTimeframe(timeframe) ? timeframe : remembered.timeframe,
  }
}

export function loadSettings(): Settings {
  try {
    return readSettings(localStorage.getItem(KEY))
  } catch {
    // Storage may be forbidden; the page then forgets.
    return { ...DEFAULTS }
  }
}

export function saveSettings(settings: Settings): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(settings))
  } catch {
    // As above: the settings live as long as the page.
  }
}

function isSymbolText(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Z0-9:]{2,40}$/i.test(value)
}
