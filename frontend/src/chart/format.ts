import type { Candle } from '../api/candleStream'
import type { TimeZone } from '../state/settings'
import { isGerman, locale } from '../text/text'

/** Significant digits shown at least, so that small prices still move on screen. */
const SIGNIFICANT = 5
const MAX_DECIMALS = 10
const RECENT = 200

/** Share of prices that may have more decimals than the axis shows: an odd trade must not widen every label. */
const ODD_SHARE = 0.05

/** Decimals to show for these bars: as many as the data has, odd ones left aside, and at least five significant digits. */
export function decimalsFor(bars: readonly Candle[]): number {
  return decimalsForPrices(bars.slice(-RECENT).map((bar) => bar.close))
}

/** The same for bare prices, oldest first. */
export function decimalsForPrices(prices: readonly number[]): number {
  const last = prices.at(-1)
  if (last === undefined) return 2
  const counts = prices.map(decimalsOf)
  const shown = counts.sort((a, b) => a - b)[Math.floor((counts.length - 1) * (1 - ODD_SHARE))]!
  const whole = Math.floor(Math.log10(Math.abs(last) || 1)) + 1
  return Math.min(Math.max(shown, SIGNIFICANT - whole, 0), MAX_DECIMALS)
}

/** Decimals of one bar alone, where every digit of it counts. */
export function decimalsOfBar(bar: Candle, shown: number): number {
  return Math.max(shown, ...[bar.open, bar.high, bar.low, bar.close].map(decimalsOf))
}

function decimalsOf(value: number): number {
  const text = String(value)
  const [mantissa, exponent] = text.split('e-')
  const own = mantissa!.split('.')[1]?.length ?? 0
  return own + Number(exponent ?? 0)
}

const numberFormats = new Map<string, Intl.NumberFormat>()

function digits(value: number, least: number, most: number): string {
  const key = `${least} ${most}`
  let format = numberFormats.get(key)
  if (format === undefined) {
    format = new Intl.NumberFormat(locale, { minimumFractionDigits: least, maximumFractionDigits: most })
    numberFormats.set(key, format)
  }
  return format.format(value)
}

/** With thousands separators and a true minus sign. */
export function formatPrice(value: number, decimals: number): string {
  return digits(value, decimals, decimals).replace('-', '−')
}

/** As `formatVolume`, without zeros that say nothing: for the axis. */
export function formatVolumeTick(value: number): string {
  return formatVolume(value, 0)
}

const smallFormat = new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 })

const UNITS = [
  [1e9, isGerman ? ' Mrd' : 'B'],
  [1e6, isGerman ? ' Mio' : 'M'],
  [1e3, isGerman ? ' Tsd' : 'K'],
] as const

/** Three or four digits and a letter: 2.94K, 33.14, 0.00031. */
export function formatVolume(value: number, leastDecimals = 2): string {
  const size = Math.abs(value)
  for (const [unit, letter] of UNITS) if (size >= unit) return `${digits(value / unit, leastDecimals, 2)}${letter}`
  if (size >= 1 || size === 0) return digits(value, leastDecimals, 2)
  return smallFormat.format(value)
}

/** `+1.20%`, `−0.10%` */
export function formatPercent(value: number): string {
  return `${formatSigned(value, 2)}%`
}

export function formatSigned(value: number, decimals: number): string {
  const text = formatPrice(Math.abs(value), decimals)
  return value < 0 ? `−${text}` : `+${text}`
}

/** `01:46`, `5:06:33`, `3d 04h`; dashes where the end is not known. */
export function formatCountdown(ms: number | null): string {
  if (ms === null) return '--:--'
  const seconds = Math.max(Math.ceil(ms / 1000), 0)
  const pad = (value: number) => String(value).padStart(2, '0')
  const days = Math.floor(seconds / 86_400)
  const hours = Math.floor(seconds / 3600) % 24
  const minutes = Math.floor(seconds / 60) % 60
  if (days > 0) return isGerman ? `${days} T ${pad(hours)} h` : `${days}d ${pad(hours)}h`
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${pad(minutes)}:${pad(seconds % 60)}`
}

const dateFormats = new Map<string, Intl.DateTimeFormat>()

/** A date in the wanted zone, as the page's language writes it; `parts` names what to show, as in Intl. Bitfinex' own time is UTC. */
export function formatDate(time: number, zone: TimeZone, parts: Intl.DateTimeFormatOptions): string {
  const key = `${zone}${JSON.stringify(parts)}`
  let format = dateFormats.get(key)
  if (format === undefined) {
    format = new Intl.DateTimeFormat(locale, {
      ...parts,
      hourCycle: 'h23',
      ...(zone === 'utc' ? { timeZone: 'UTC' } : {}),
    })
    dateFormats.set(key, format)
  }
  return format.format(time)
}

/** `2026-11-21 06:00 UTC−5`: the same in every language, and never one of two equal hours. */
export function formatMoment(time: number, zone: TimeZone): string {
  const iso = wallClock(time, zone).toISOString()
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} ${zoneName(time, zone)}`
}

/** `11:05 – 12:55 UTC`; with dates where they differ. */
export function formatStretch(from: number, to: number, zone: TimeZone): string {
  const [a, b] = [from, to].map((time) => formatMoment(time, zone)) as [string, string]
  return a.slice(0, 10) === b.slice(0, 10) && a.slice(16) === b.slice(16)
    ? `${a.slice(11, 16)} – ${b.slice(11)}`
    : `${a.slice(0, 16)} – ${b}`
}

/** `18:53:14 UTC−5` */
export function formatClock(time: number, zone: TimeZone): string {
  return `${wallClock(time, zone).toISOString().slice(11, 19)} ${zoneName(time, zone)}`
}

/** Minutes that the zone's clocks are ahead of UTC at this moment. */
export function offsetMinutes(time: number, zone: TimeZone): number {
  return zone === 'utc' ? 0 : -new Date(time).getTimezoneOffset()
}

/** A date whose UTC fields are what the zone's clocks and calendars show. */
export function wallClock(time: number, zone: TimeZone): Date {
  return new Date(time + offsetMinutes(time, zone) * 60_000)
}

/** `UTC`, `UTC−5`, `UTC+5:30`. Local time is always told from UTC, also where both are the same now. */
export function zoneName(time: number, zone: TimeZone): string {
  if (zone === 'utc') return 'UTC'
  const offset = offsetMinutes(time, zone)
  const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60]
  const sign = offset < 0 ? '−' : '+'
  return `UTC${sign}${hours}${minutes === 0 ? '' : `:${String(minutes).padStart(2, '0')}`}`
}
