import type { Placed } from '../../chart/tools/indicators/indicatorLayer'
import { indicatorOf } from '../../chart/tools/indicators/table'
import { CHART_TYPES, type ChartType } from '../../chart/tools/types/painters'
import type { Page } from '../page'
import { isSymbolText } from '../settings'
import { Signal } from '../signal'

const KEY = 'candlestream.layout'
/** More do not fit, and every one costs time with every trade. */
export const MOST_INDICATORS = 24
/** Lines of other symbols beside the chart's own. */
export const MOST_COMPARED = 4
export const INKS = 6

/** What somebody has put on the chart. */
export interface Layout {
  type: ChartType
  /** High prices are at the bottom. */
  inverted: boolean
  /** The highest and the lowest price in view are marked. */
  marks: boolean
  /** Lines at the high, low and close of the day before. */
  dayLines: boolean
  /** Symbols that are drawn beside the chart's own. */
  compare: readonly string[]
  indicators: readonly Placed[]
  /** Ids of indicators that stand first in the list. */
  favourites: readonly string[]
  /** What another version has kept and this one does not know: it is written back as it came. */
  unknown: readonly unknown[]
}

const EMPTY: Layout = {
  type: 'candles',
  inverted: false,
  marks: false,
  dayLines: false,
  compare: [],
  indicators: [],
  favourites: [],
  unknown: [],
}

/** Reads a layout out of anything; what cannot be read is kept aside, nothing is lost. */
export function readLayout(text: string | null): Layout {
  let stored: unknown
  try {
    stored = JSON.parse(text ?? 'null')
  } catch {
    return EMPTY
  }
  if (typeof stored !== 'object' || stored === null) return EMPTY
  const { indicators, favourites, type, inverted, marks, dayLines, compare } = stored as Record<string, unknown>
  const entries: readonly unknown[] = Array.isArray(indicators) ? indicators : []
  const read = entries.map((entry, index) => readPlaced(entry, index + 1))
  return {
    type: CHART_TYPES.find((one) => one === type) ?? 'candles',
    inverted: inverted === true,
    marks: marks === true,
    dayLines: dayLines === true,
    compare: Array.isArray(compare) ? compare.filter(isSymbolText).slice(0, MOST_COMPARED) : [],
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

/** The layout of this browser. A change of one part leaves the others alone. */
export class LayoutStore {
  readonly changed = new Signal()
  #page: Page
  #layout: Layout

  constructor(page: Page) {
    this.#page = page
    this.#layout = load()
  }

  get layout(): Layout {
    return this.#layout
  }

  /** As it is kept, and goes into a file. */
  get text(): string {
    const { indicators, unknown, ...rest } = this.#layout
    const kept = indicators.map(({ key: _, ...placed }) => placed)
    return JSON.stringify({ ...rest, indicators: [...kept, ...unknown] })
  }

  keep(change: Partial<Layout>): void {
    this.#layout = { ...this.#layout, ...change }
    try {
      localStorage.setItem(KEY, this.text)
    } catch {
      // Storage is full or forbidden: the layout then lives as long as the page, which says so under More.
      this.#page.keeps = false
    }
    this.changed.emit()
  }
}

function load(): Layout {
  try {
    return readLayout(localStorage.getItem(KEY))
  } catch {
    // Storage may be forbidden; the page then forgets.
    return EMPTY
  }
}
