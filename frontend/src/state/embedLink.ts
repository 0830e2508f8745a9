import { nearestTimeframe, TIMEFRAMES } from '../feed/timeframes'
import { readSymbol, readTimeframe } from './address'
import { DEFAULTS, type Settings } from './settings'

/** Sizes a frame may ask for, CSS px. */
const SIZES = { least: 120, most: 4000 }
const CHOICES = {
  theme: ['dark', 'light', 'system'],
  palette: ['classic', 'colour-blind'],
  zone: ['utc', 'local'],
  scale: ['linear', 'log', 'percent'],
} as const

/** What the address of a chart in another page asks for. */
export interface EmbedLink {
  settings: Settings
  /** CSS px; null fills the frame. */
  width: number | null
  height: number | null
  /** What of it cannot be had: `theme=purple`, and what is allowed. */
  refused: readonly { asked: string; allowed: string }[]
}

/** Reads the query of `/embed`. What is wrong is named and left out; the rest is shown. */
export function readEmbedLink(search: string): EmbedLink {
  const query = new URLSearchParams(search)
  const refused: { asked: string; allowed: string }[] = []
  const refuse = (name: string, allowed: string) =>
    refused.push({ asked: `${name}=${shortened(query.get(name))}`, allowed })
  const choice = <T extends string>(name: string, allowed: readonly T[], otherwise: T): T => {
    const asked = query.get(name) as T | null
    if (asked === null || allowed.includes(asked)) return asked ?? otherwise
    refuse(name, allowed.join(', '))
    return otherwise
  }
  const size = (name: string): number | null => {
    const asked = query.get(name)
    if (asked === null) return null
    const pixels = /^\d{1,5}$/.test(asked) ? Number(asked) : 0
    if (pixels >= SIZES.least && pixels <= SIZES.most) return pixels
    refuse(name, `${SIZES.least} – ${SIZES.most}`)
    return null
  }
  const known = ['series', 'width', 'height', ...Object.keys(CHOICES)]
  for (const name of new Set(query.keys())) if (!known.includes(name)) refuse(name, known.join(', '))
  return {
    settings: {
      ...DEFAULTS,
      ...readSeries(query.get('series'), () => refuse('series', 'BTCUSD:1m')),
      theme: choice('theme', CHOICES.theme, DEFAULTS.theme),
      palette: choice('palette', CHOICES.palette, DEFAULTS.palette),
      timeZone: choice('zone', CHOICES.zone, DEFAULTS.timeZone),
      scale: choice('scale', CHOICES.scale, DEFAULTS.scale),
    },
    width: size('width'),
    height: size('height'),
    refused,
  }
}

/** `BTCUSD:1m`, `DUSK:USD:1h`, and the same as other pages write them. */
function readSeries(asked: string | null, refuse: () => void): Pick<Settings, 'symbol' | 'timeframe'> {
  const { symbol, timeframe } = DEFAULTS
  if (asked === null) return { symbol, timeframe }
  const cut = asked.lastIndexOf(':')
  const name = asked.slice(cut + 1)
  const found = readTimeframe(name, TIMEFRAMES)
  if (cut < 1 || found === null) refuse()
  if (cut < 1) return { symbol: readSymbol(asked), timeframe }
  return {
    symbol: readSymbol(asked.slice(0, cut)),
    timeframe: found ?? nearestTimeframe(name, TIMEFRAMES) ?? timeframe,
  }
}

function shortened(value: string | null): string {
  return (value ?? '').slice(0, 40)
}
