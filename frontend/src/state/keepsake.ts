import type { Candle } from '../api/candleStream'

/** Bars of a series that are kept for a start without a server, and series that are kept. */
const KEPT_BARS = 300
const KEPT_SERIES = 4
const PREFIX = 'candlestream.bars:'

/** The last bars of a series as this browser saw them. */
export interface Keepsake {
  /** Server time when they were seen, Unix ms. */
  at: number
  simulated: boolean | null
  bars: Candle[]
}

/** Keeps the newest bars of a series, and forgets the series that was seen longest ago. */
export function keep(series: string, { at, simulated, bars }: Keepsake): void {
  try {
    localStorage.setItem(PREFIX + series, JSON.stringify({ at, simulated, bars: bars.slice(-KEPT_BARS) }))
    const others = keys().map((key) => ({ key, at: read(key)?.at ?? 0 }))
    for (const { key } of others.sort((a, b) => b.at - a.at).slice(KEPT_SERIES)) localStorage.removeItem(key)
  } catch {
    // Storage is full or forbidden: then a start without a server shows nothing.
  }
}

export function recall(series: string): Keepsake | null {
  return read(PREFIX + series)
}

/** Who signs out leaves nothing behind: no bars, and no files of the page. */
export async function forgetEverything(): Promise<void> {
  try {
    for (const key of keys()) localStorage.removeItem(key)
    const names = 'caches' in window ? await caches.keys() : []
    await Promise.all(names.filter((name) => name.startsWith('candlestream-')).map((name) => caches.delete(name)))
  } catch {
    // What may not be read was not kept.
  }
}

function keys(): string[] {
  return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX))
}

function read(key: string): Keepsake | null {
  try {
    const value = JSON.parse(localStorage.getItem(key) ?? 'null') as Keepsake | null
    return value !== null && typeof value.at === 'number' && Array.isArray(value.bars) && value.bars.every(isBar)
      ? value
      : null
  } catch {
    return null
  }
}

function isBar(bar: unknown): boolean {
  const { time, open, high, low, close, volume, rev } = (bar ?? {}) as Record<string, unknown>
  return [time, open, high, low, close, volume, rev].every((value) => typeof value === 'number')
}
