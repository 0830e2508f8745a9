import { marketApi } from '../../api/market'
import { CompareLayer } from '../../chart/tools/compare/compareLayer'
import { CandleFeed } from '../../feed/candleFeed'
import { panelText } from '../../text/panelText'
import { text } from '../../text/text'
import type { Page } from '../page'
import { INKS, type LayoutStore, MOST_COMPARED } from './layout'

/** Other symbols beside the chart's own, in percent: each has a feed of its own over the same connection. */
export class CompareSet {
  #page: Page
  #store: LayoutStore
  #layer = new CompareLayer()
  #feeds = new Map<string, CandleFeed>()
  #timeframe = ''

  constructor(page: Page, store: LayoutStore) {
    this.#page = page
    this.#store = store
    page.chart!.overlays.follow(this.#layer)
    this.#follow()
    page.changed.subscribe(() => page.timeframe !== this.#timeframe && this.#follow())
  }

  get symbols(): readonly string[] {
    return this.#store.layout.compare
  }

  inkOf(symbol: string): number {
    return (this.symbols.indexOf(symbol) + 1) % INKS
  }

  add(symbol: string): void {
    if (this.symbols.includes(symbol) || symbol === this.#page.symbol) return
    if (this.symbols.length >= MOST_COMPARED) return this.#page.say(panelText.tooManyCompared(MOST_COMPARED))
    if (this.symbols.length === 0 && this.#page.settings.scale !== 'percent') this.#page.change({ scale: 'percent' })
    this.#put([...this.symbols, symbol])
  }

  remove(symbol: string): void {
    const before = this.symbols
    this.#put(before.filter((other) => other !== symbol))
    if (this.symbols.length === 0) this.#page.change({ scale: 'linear' })
    this.#page.say(text.removed(this.#page.name(symbol)), () => {
      this.#put(before)
      this.#page.change({ scale: 'percent' })
    })
  }

  /** Change in percent since the first bar in view, at this time or now; null where it is not known. */
  changeAt(symbol: string, time: number | null): number | null {
    const list = this.#feeds.get(symbol)?.list
    const seen = this.#page.chart?.visibleTimes() ?? null
    if (list === undefined || seen === null) return null
    const first = list.at(seen.from)
    const bar = time === null ? list.last : list.at(time)
    return first === undefined || bar === undefined ? null : (bar.close / first.close - 1) * 100
  }

  /** Why there is no line, or an old one; null where all is well. */
  trouble(symbol: string): string | null {
    const feed = this.#feeds.get(symbol)
    return feed?.refusal?.detail ?? feed?.gone?.detail ?? feed?.problem ?? null
  }

  /** The layout is another one now. */
  restore(): void {
    this.#follow()
  }

  #put(compare: readonly string[]): void {
    this.#store.keep({ compare })
    this.#follow()
  }

  /** Feeds for what is compared now; others end. */
  #follow(): void {
    const { page, timeframe } = { page: this.#page, timeframe: this.#page.timeframe }
    const isSame = timeframe === this.#timeframe
    this.#timeframe = timeframe
    for (const [symbol, feed] of this.#feeds)
      if (!isSame || !this.symbols.includes(symbol)) {
        feed.dispose()
        this.#feeds.delete(symbol)
      }
    for (const symbol of this.symbols) {
      if (this.#feeds.has(symbol)) continue
      const redraw = () => this.#layer.changed()
      const feed: CandleFeed = new CandleFeed(
        `${symbol}:${timeframe}`,
        page.client,
        marketApi(page.access.fetch),
        null,
        {
          redraw,
          update: (candle) => this.#layer.moved(symbol, candle),
          corrected: redraw,
          gaps: redraw,
          changed: redraw,
          mayPage: redraw,
        },
      )
      this.#feeds.set(symbol, feed)
      void feed.start()
    }
    this.#layer.show(
      this.symbols.map((symbol) => {
        const feed = this.#feeds.get(symbol)!
        const { list } = feed
        const loadOlder = () => void feed.loadOlder()
        return { symbol, ink: this.inkOf(symbol), bars: () => list.bars, gaps: () => feed.gaps, loadOlder }
      }),
    )
  }
}
