import type { Placed } from '../../chart/tools/indicators/indicatorLayer'
import { indicatorOf } from '../../chart/tools/indicators/table'

const KEY = 'candlestream.layout'
/** More do not fit, and every one costs time with every trade. */
export const MOST_INDICATORS = 24
const INKS = 6

/** What somebody has put on the chart. */
export interface Layout {
  indicators: readonly Placed[]
  /** Ids of indicators that stand first in the list. */
  favourites: readonly string[]
  /** What another version has kept and this one does not know: it is written back as it came. */
  unknown: readonly unknown[]
}

const EMPTY: Layout = { indicators: [], favourites: [], unknown: [] }

/** Reads a layout out of anything; what cannot be read is kept aside, nothing is lost. */
export function readLayout(text: string | null): Layout {
  let stored: unknown
  try {
    stored = JSON.parse(text ?? 'null')
  } catch {
    return EMPTY
  }
  if (typeof stored !== 'object' || stored === null) return EMPTY
  const { indicators, favourites } = stored as Record<string, unknown>
  const entries: readonly unknown[] = Array.isArray(indicators) ? indicators : []
  const read = entries.map((entry, index) => readPlaced(entry, index + 1))
  return {
    indicators: read.filter((placed) => placed !== null).slice(0, MOST_INDICATORS),
    favourites: Array.isArray(favourites) ? favourites.filter((id) => typeof id === 'string') : [],
    unknown: entries.filter((_, index) => read[index] === null),
  }
}

function readPlaced(entry: unknown, key: number): Placed | null {
  if (typeof entry !== 'object' || entry === null) return null
  const { id, parameters, ink, hidden, height } = entry as Record<string, unknown>
  const indicator = typeof id === 'string' ? indicatorOf(id) : undefined
  if (indicator === undefined) return null
  const given: readonly unknown[] = Array.isArray(parameters) ? parameters : []
  const inks: readonly unknown[] = Array.isArray(ink) ? ink : []
  const isShare = typeof height === 'number' && height > 0.02 && height < 10
  return {
    key,
    id: indicator.id,
    parameters: indicator.parameters.map(({ value, least, most }, i) => {
      const number = given[i]
      return typeof number === 'number' && number >= least && number <= most ? number : value
    }),
    ink: indicator.lines.map((_, i) => (Number.isInteger(inks[i]) ? Math.abs(inks[i] as number) % INKS : i % INKS)),
    hidden: hidden === true,
    height: isShare ? height : null,
  }
}

export function loadLayout(): Layout {
  try {
    return readLayout(localStorage.getItem(KEY))
  } catch {
    // Storage may be forbidden; the page then forgets.
    return EMPTY
  }
}

/** False where the browser keeps nothing. */
export function saveLayout({ indicators, favourites, unknown }: Layout): boolean {
  const kept = indicators.map(({ key: _, ...rest }) => rest)
  try {
    localStorage.setItem(KEY, JSON.stringify({ indicators: [...kept, ...unknown], favourites }))
    return true
  } catch {
    return false
  }
}
