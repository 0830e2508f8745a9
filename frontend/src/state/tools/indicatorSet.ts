import type { Column } from '../../chart/tools/export'
import { IndicatorLayer, type Placed } from '../../chart/tools/indicators/indicatorLayer'
import { formatParameter } from '../../chart/tools/indicators/reading'
import { isFirm } from '../../chart/tools/indicators/run'
import { indicatorOf } from '../../chart/tools/indicators/table'
import { panelText } from '../../text/panelText'
import { text } from '../../text/text'
import type { Page } from '../page'
import { INKS, type LayoutStore, MOST_INDICATORS } from './layout'
import { sourceOf } from './source'

/** The indicators on the page's chart, as somebody has chosen them. */
export class IndicatorSet {
  readonly layer: IndicatorLayer
  #page: Page
  #store: LayoutStore
  #key: number

  constructor(page: Page, store: LayoutStore) {
    this.#page = page
    this.#store = store
    this.#key = store.layout.indicators.length
    this.layer = new IndicatorLayer(page.chart!, sourceOf(page), (heights) => this.#noteHeights(heights))
    page.chart!.overlays.follow(this.layer)
    this.layer.show(this.placed)
    const { unknown } = store.layout
    if (unknown.length > 0) page.say(panelText.unknownIndicators(unknown.length))
  }

  get changed() {
    return this.#store.changed
  }

  get placed(): readonly Placed[] {
    return this.#store.layout.indicators
  }

  get favourites(): readonly string[] {
    return this.#store.layout.favourites
  }

  /** One as it is called: `SMA 20`. */
  name({ id, parameters }: Placed): string {
    const indicator = indicatorOf(id)
    return [indicator?.name ?? id, ...parameters.map(formatParameter)].join(' ')
  }

  /** A column of a table for each line; empty where a value is not sure. */
  get columns(): Column[] {
    return this.placed.flatMap((placed) =>
      (indicatorOf(placed.id)?.lines ?? []).map((line, index) => ({
        name: [this.name(placed), line.name].filter(Boolean).join(' '),
        at: (time: number) => {
          const reading = this.layer.reading(placed.key, time)
          const value = this.layer.values(placed.key, time)[index]
          return reading !== undefined && isFirm(reading) && value !== undefined && Number.isFinite(value)
            ? value
            : null
        },
      })),
    )
  }

  /** The layout is another one now. */
  restore(): void {
    this.#key = Math.max(0, ...this.placed.map(({ key }) => key), this.#key)
    this.layer.show(this.placed)
  }

  /** Puts one more on the chart, with the parameters it has by default. Null where there are too many. */
  add(id: string): Placed | null {
    const indicator = indicatorOf(id)
    if (indicator === undefined) return null
    if (this.placed.length >= MOST_INDICATORS) {
      this.#page.say(panelText.tooManyIndicators(MOST_INDICATORS))
      return null
    }
    const used = new Set(this.placed.flatMap(({ ink }) => ink))
    const free = [0, 1, 2, 3, 4, 5].filter((ink) => !used.has(ink))
    const placed: Placed = {
      key: ++this.#key,
      id,
      parameters: indicator.parameters.map(({ value }) => value),
      ink: indicator.lines.map((_, i) => free[i] ?? (used.size + i) % INKS),
      hidden: false,
      height: null,
    }
    this.#put([...this.placed, placed])
    return placed
  }

  edit(key: number, change: Partial<Placed>): void {
    this.#put(this.placed.map((placed) => (placed.key === key ? { ...placed, ...change } : placed)))
  }

  /** Takes it off; a sentence offers the way back. */
  remove(key: number): void {
    const before = this.placed
    const gone = before.find((placed) => placed.key === key)
    if (gone === undefined) return
    this.#put(before.filter((placed) => placed.key !== key))
    this.#page.say(text.removed(this.name(gone)), () => this.#put(before))
  }

  /** Moves it up (-1) or down (1) in the legend and among the panes. */
  move(key: number, by: -1 | 1): void {
    const own = (placed: Placed) => indicatorOf(placed.id)?.pane === 'own'
    const from = this.placed.findIndex((placed) => placed.key === key)
    const one = this.placed[from]
    if (one === undefined) return
    let to = from + by
    while (this.placed[to] !== undefined && own(this.placed[to]!) !== own(one)) to += by
    const other = this.placed[to]
    if (other === undefined) return
    this.#put(this.placed.map((placed, i) => (i === from ? other : i === to ? one : placed)))
  }

  toggleFavourite(id: string): void {
    const { favourites } = this.#store.layout
    const others = favourites.filter((one) => one !== id)
    this.#store.keep({ favourites: others.length < favourites.length ? others : [...favourites, id] })
  }

  #noteHeights(heights: ReadonlyMap<number, number>): void {
    this.#store.keep({
      indicators: this.placed.map((placed) => ({ ...placed, height: heights.get(placed.key) ?? null })),
    })
  }

  #put(indicators: readonly Placed[]): void {
    this.layer.show(indicators)
    this.#store.keep({ indicators })
  }
}
