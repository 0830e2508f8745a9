import { marketApi } from '../../api/market'
import type { ChartType } from '../../chart/tools/types/painters'
import { HighLowMarks, LevelLines } from '../../chart/tools/types/priceMarks'
import { TypeLayer } from '../../chart/tools/types/typeLayer'
import { panelText } from '../../text/panelText'
import type { Page } from '../page'
import type { LayoutStore } from './layout'
import { sourceOf } from './source'

const DAY_MS = 86_400_000

/** How the bars are drawn, and what is marked at them. */
export class ChartStyle {
  #page: Page
  #store: LayoutStore
  #layer: TypeLayer
  #levels = new LevelLines()
  #unmark: (() => void) | null = null
  /** Of which symbol and day the lines are. */
  #dayOf = ''

  constructor(page: Page, store: LayoutStore) {
    this.#page = page
    this.#store = store
    const chart = page.chart!
    this.#layer = new TypeLayer(chart, sourceOf(page))
    chart.overlays.follow(this.#layer)
    chart.overlays.add(this.#levels)
    this.#apply()
    page.ticked.subscribe(() => this.#followDay())
  }

  get type(): ChartType {
    return this.#store.layout.type
  }

  set type(type: ChartType) {
    this.#change({ type })
  }

  get inverted(): boolean {
    return this.#store.layout.inverted
  }

  get marks(): boolean {
    return this.#store.layout.marks
  }

  get dayLines(): boolean {
    return this.#store.layout.dayLines
  }

  toggle(what: 'inverted' | 'marks' | 'dayLines'): void {
    this.#change({ [what]: !this.#store.layout[what] })
  }

  /** The layout is another one now. */
  restore(): void {
    this.#apply()
  }

  #change(change: Partial<Pick<LayoutStore['layout'], 'type' | 'inverted' | 'marks' | 'dayLines'>>): void {
    this.#store.keep(change)
    this.#apply()
  }

  #apply(): void {
    const chart = this.#page.chart!
    const { feed } = this.#page
    this.#layer.show(this.type)
    this.#layer.invert(this.inverted)
    if (this.marks)
      this.#unmark ??= chart.overlays.add(
        new HighLowMarks(
          () => this.#page.feed.list.bars,
          () => chart.decimals,
        ),
      )
    else {
      this.#unmark?.()
      this.#unmark = null
    }
    if (!this.dayLines) this.#levels.show([])
    this.#dayOf = ''
    if (feed.list.last !== undefined) this.#followDay()
    chart.redraw()
  }

  /** The day before is asked for once a day and symbol: a candle of the server's knows all of it. */
  #followDay(): void {
    const { symbol, serverNow, access } = this.#page
    const today = Math.floor(serverNow / DAY_MS) * DAY_MS
    const wanted = `${symbol} ${today}`
    if (!this.dayLines || wanted === this.#dayOf) return
    this.#dayOf = wanted
    const query = { start: today - DAY_MS, end: today - 1, limit: 1 }
    marketApi(access.fetch)
      .candles(`${symbol}:1D`, query, AbortSignal.timeout(30_000))
      .then(({ candles: [day], gaps }) => {
        if (this.#dayOf !== wanted || day === undefined) return
        const doubt = gaps.length > 0 ? ` ${panelText.withGap}` : ''
        this.#levels.show([
          { price: day.high, name: panelText.dayHigh + doubt, below: false },
          { price: day.low, name: panelText.dayLow + doubt, below: false },
          { price: day.close, name: panelText.dayClose + doubt, below: true },
        ])
      })
      .catch(() => {
        // Asked again with the next change or tick of a new minute; no line is better than a wrong one.
        setTimeout(() => {
          if (this.#dayOf === wanted) this.#dayOf = ''
        }, 60_000)
      })
  }
}
