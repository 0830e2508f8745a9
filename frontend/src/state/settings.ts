import { isTimeframe } from '../feed/timeframes'

export type Theme = 'dark' | 'light' | 'system'
export type Palette = 'classic' | 'colour-blind'
export type TimeZone = 'utc' | 'local'
export type Scale = 'linear' | 'log' | 'percent'

/** How a user has set the chart: zoom and the heights of the panes. */
export interface View {
  /** Width of a bar and its gap, px. */
  spacing: number
  /** Share of the height that the volume has. */
  volumeShare: number
}

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
  /** The watchlist stands beside the chart where there is room. */
  rail: boolean
  /** The chart's tools stand left of it where there is room. */
  strip: boolean
  /** Timeframes that stand in the header, beside the chosen one. */
  favourites: readonly string[]
  /** Symbols of the watchlist; null until the user has changed it. */
  watch: string[] | null
  /** Null until the user has zoomed or moved the border of a pane. */
  view: View | null
}

export const DEFAULTS: Settings = {
  symbol: 'BTCUSD',
  timeframe: '1m',
  theme: 'system',
  palette: 'classic',
  timeZone: 'utc',
  scale: 'linear',
  shortcuts: true,
  rail: true,
  strip: true,
  favourites: ['1m', '5m', '15m', '1h', '6h', '1D'],
  watch: null,
  view: null,
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
  const truth = (value: unknown, otherwise: boolean) => (typeof value === 'boolean' ? value : otherwise)
  return {
    symbol: isSymbolText(stored.symbol) ? stored.symbol : DEFAULTS.symbol,
    timeframe:
      typeof stored.timeframe === 'string' && isTimeframe(stored.timeframe) ? stored.timeframe : DEFAULTS.timeframe,
    theme: oneOf(stored.theme, ['dark', 'light', 'system'], DEFAULTS.theme),
    palette: oneOf(stored.palette, ['classic', 'colour-blind'], DEFAULTS.palette),
    timeZone: oneOf(stored.timeZone, ['utc', 'local'], DEFAULTS.timeZone),
    scale: oneOf(stored.scale, ['linear', 'log', 'percent'], DEFAULTS.scale),
    shortcuts: truth(stored.shortcuts, DEFAULTS.shortcuts),
    rail: truth(stored.rail, DEFAULTS.rail),
    strip: truth(stored.strip, DEFAULTS.strip),
    favourites: Array.isArray(stored.favourites)
      ? stored.favourites.filter((one): one is string => typeof one === 'string' && isTimeframe(one))
      : DEFAULTS.favourites,
    watch: Array.isArray(stored.watch) ? stored.watch.filter(isSymbolText).slice(0, MAX_WATCHED) : null,
    view: readView(stored.view),
  }
}

function readView(value: unknown): View | null {
  const { spacing, volumeShare } = (value ?? {}) as Record<string, unknown>
  const between = (number: unknown, low: number, high: number): number is number =>
    typeof number === 'number' && number >= low && number <= high
  return between(spacing, 0.5, 500) && between(volumeShare, 0.02, 0.9) ? { spacing, volumeShare } : null
}

export function loadSettings(): Settings {
  try {
    return readSettings(localStorage.getItem(KEY))
  } catch {
    // Storage may be forbidden; the page then forgets.
    return { ...DEFAULTS }
  }
}

/** False where the browser forbids it: the settings then live as long as the page. */
export function saveSettings(settings: Settings): boolean {
  try {
    localStorage.setItem(KEY, JSON.stringify(settings))
    return true
  } catch {
    return false
  }
}

/** The scale, or the plain one if it is on already. */
export function toggled(now: Scale, scale: Scale): Scale {
  return now === scale ? 'linear' : scale
}

/** Dark or light, by choice or by the system. */
export function isDark({ theme }: Settings, systemIsDark: boolean): boolean {
  return theme === 'dark' || (theme === 'system' && systemIsDark)
}

export function isSymbolText(value: unknown): value is string {
  return typeof value === 'string' && /^([A-Z0-9:]{2,40}|[A-Z]+:[A-Z0-9]{1,20}\/[A-Z0-9]{1,20})$/i.test(value)
}
