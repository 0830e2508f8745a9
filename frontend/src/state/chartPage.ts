import { StreamClient, splitSeries } from '../api/candleStream'
import { type MarketApi, marketApi } from '../api/market'
import { ChartView } from '../chart/chartView'
import { formatCountdown, formatPrice, formatVolume } from '../chart/format'
import { CandleFeed } from '../feed/candleFeed'
import { type Condition, conditionOf } from '../feed/condition'
import { endOf } from '../feed/timeframes'
import { text } from '../text/text'
import type { Access } from './access'
import { isSymbol } from './address'
import { isDark, type Settings, type View } from './settings'
import { Signal } from './signal'

/** How often the words and numbers around the chart are read; candles themselves never pass through the components. */
const TICK_MS = 250
const TITLE_EVERY_MS = 1000

export interface ChartPageOptions {
  /** What stands before the paths of the server's API: nothing, or `/k/TICKET`. */
  base: string
  access: Access
  /** Candles of each series the stream starts with. */
  snapshot: number
  settings: Settings
  /** What of the link cannot be had, in a sentence. */
  linkTrouble: string | null
}

/** One series on one chart, and the truth about it in words: what the page and the chart in other people's pages have in common. */
export class ChartPage {
  /** Choice, settings, loading, errors: rare. */
  readonly changed = new Signal()
  /** Four times a second. */
  readonly ticked = new Signal()
  /** A bar was appended, closed or changed after its end, or all bars are others now; not the trades in between. */
  readonly barsChanged = new Signal()
  /** The crosshair moved. */
  readonly hoverChanged = new Signal()

  readonly access: Access
  readonly client: StreamClient
  settings: Settings
  feed: CandleFeed
  chart: ChartView | null = null
  hoveredTime: number | null = null
  following = true
  condition: Condition
  /** What the link asked for and could not have. */
  linkTrouble: string | null

  protected readonly api: MarketApi
  protected readonly life = new AbortController()
  /** What was said last, now or on an earlier visit: the prices on screen are still those. */
  protected wasSimulated: boolean | null = null
  /** Open time of the bar that was updated last. */
  #updatedTime: number | null = null
  #timer: ReturnType<typeof setInterval> | null = null
  #titled: { kind: Condition['kind'] | null; at: number } = { kind: null, at: 0 }
  #darkQuery = matchMedia('(prefers-color-scheme: dark)')
  #forcedQuery = matchMedia('(forced-colors: active)')

  constructor({ base, access, snapshot, settings, linkTrouble }: ChartPageOptions) {
    this.access = access
    this.client = new StreamClient({ url: base, snapshot, environment: { fetch: access.fetch } })
    this.api = marketApi(access.fetch, base)
    this.settings = settings
    this.linkTrouble = linkTrouble
    this.feed = this.makeFeed(`${settings.symbol}:${settings.timeframe}`, null)
    this.condition = this.#readCondition()
  }

  get symbol(): string {
    return splitSeries(this.feed.series).symbol
  }

  get timeframe(): string {
    return splitSeries(this.feed.series).timeframe
  }

  /** The newest price is the exchange's present one, as far as anybody can tell. */
  get isCurrent(): boolean {
    return this.condition.kind === 'live' || this.condition.kind === 'polling'
  }

  /** The prices on screen are invented; null where nobody has said. */
  get isSimulated(): boolean | null {
    return this.client.status.simulated ?? this.wasSimulated
  }

  /** Server time, Unix ms; our own clock until the server has told its time. */
  get serverNow(): number {
    return Date.now() + (this.client.status.serverOffsetMs ?? 0)
  }

  /** Time until the forming bar closes, ms; null where it cannot be told: no bars, or a market of another date. */
  get closesInMs(): number | null {
    const { latest } = this.feed
    if (latest === null) return null
    const end = endOf(latest.time, this.timeframe)
    const remaining = end - this.serverNow
    const length = end - latest.time
    return remaining > length || remaining < -length ? null : Math.max(remaining, 0)
  }

  start(): void {
    this.applyTheme()
    const { signal } = this.life
    for (const query of [this.#darkQuery, this.#forcedQuery])
      query.addEventListener('change', () => this.applyTheme(), { signal })
    for (const event of ['online', 'offline']) window.addEventListener(event, () => this.tick(), { signal })
    this.client.onStatus(() => this.noteCondition())
    this.access.changed.subscribe(() => this.#lock())
    this.#timer = setInterval(() => this.tick(), TICK_MS)
    if (this.feed.refusal === null) void this.feed.start()
  }

  stop(): void {
    this.life.abort()
    if (this.#timer !== null) clearInterval(this.#timer)
    this.feed.dispose()
    this.client.stop()
  }

  attachChart(container: HTMLElement): () => void {
    const chart = new ChartView(container, {
      nearStart: () => void this.feed.loadOlder(),
      nearEnd: () => void this.feed.loadNewer(),
      hovered: (time) => {
        this.hoveredTime = time
        this.#showVolume()
        this.hoverChanged.emit()
      },
      following: (following) => {
        this.following = following
        this.changed.emit()
      },
      viewChanged: (view) => this.keepView(view),
      drawn: () => {
        this.#showLastPrice()
        this.#showVolume()
      },
    })
    this.chart = chart
    chart.setTimeZone(this.settings.timeZone)
    chart.setScale(this.settings.scale)
    chart.setView(this.settings.view)
    this.#showSource()
    this.bindChart(null)
    return () => {
      this.chart = null
      chart.remove()
    }
  }

  async goLive(): Promise<void> {
    await this.feed.goLive()
    this.chart?.goLive()
  }

  /** A symbol as people read it. */
  name(symbol: string): string {
    return symbol
  }

  protected keepView(view: View | null): void {
    this.settings = { ...this.settings, view }
  }

  protected makeFeed(series: string, rightEdge: number | null): CandleFeed {
    const feed = new CandleFeed(series, this.client, this.api, rightEdge, {
      redraw: () => {
        this.chart?.redraw()
        this.barsChanged.emit()
      },
      update: (candle) => {
        this.chart?.update(candle)
        if (candle.closed || candle.time !== this.#updatedTime) this.barsChanged.emit()
        this.#updatedTime = candle.time
      },
      corrected: (candle) => this.chart?.markCorrection(candle),
      gaps: (gaps) => this.chart?.setGaps(gaps),
      changed: () => {
        if (feed.problem !== null) this.recallBars(feed)
        this.noteCondition()
        this.changed.emit()
      },
      mayPage: () => this.chart?.pageAgain(),
    })
    // Nobody is asked for what cannot be a symbol.
    if (!isSymbol(splitSeries(series).symbol)) feed.refuse(text.noSuchSymbol)
    return feed
  }

  protected bindChart(rightEdge: number | null): void {
    const { feed } = this
    this.chart?.bind(() => feed.list.bars, this.timeframe, rightEdge)
    this.chart?.setGaps(feed.gaps)
  }

  /** Without a server the bars of an earlier visit are better than none, where there was one. */
  protected recallBars(_feed: CandleFeed): void {}

  /** Nothing more is asked for; what is on screen stays. */
  #lock(): void {
    this.feed.dispose()
    this.client.stop()
    this.noteCondition()
    this.changed.emit()
  }

  protected tick(): void {
    this.noteCondition()
    this.#showSource()
    this.#showLastPrice()
    this.#writeTitle()
    this.ticked.emit()
  }

  /** Reads the condition anew; a change of its kind is told. */
  protected noteCondition(): void {
    this.wasSimulated = this.isSimulated
    const { kind } = this.condition
    this.condition = this.#readCondition()
    if (kind !== this.condition.kind) this.changed.emit()
  }

  protected applyTheme(): void {
    const dark = isDark(this.settings, this.#darkQuery.matches)
    document.documentElement.dataset.theme = dark ? 'dark' : 'light'
    document.documentElement.dataset.palette = this.settings.palette
    const bar = getComputedStyle(document.documentElement).getPropertyValue('--panel').trim()
    document.querySelector('meta[name="theme-color"]')?.setAttribute('content', bar)
    this.chart?.recolour()
  }

  #readCondition(): Condition {
    return conditionOf({
      connection: this.client.status,
      name: this.feed.series,
      series: this.feed.state,
      refusal: this.feed.refusal,
      gone: this.feed.gone,
      hasBars: this.feed.list.last !== undefined,
      online: navigator.onLine,
      closed: this.access.closed,
      now: Date.now(),
    })
  }

  #showLastPrice(): void {
    const { latest } = this.feed
    if (this.chart === null || latest === null) return
    this.chart.showLastPrice({
      price: latest.close,
      label: formatPrice(latest.close, this.chart.decimals),
      countdown: formatCountdown(this.closesInMs),
      rising: latest.close >= latest.open,
      current: this.isCurrent,
    })
  }

  #showSource(): void {
    this.chart?.setWatermark(this.isSimulated === true ? text.simulated : '')
  }

  #showVolume(): void {
    const { list, latest } = this.feed
    const bar = (this.hoveredTime === null ? undefined : list.at(this.hoveredTime)) ?? latest
    if (bar !== null) this.chart?.showVolume(formatVolume(bar.volume), bar.close >= bar.open)
  }

  #writeTitle(): void {
    // The browser's own work for it costs more than the rest of a tick; only the ⚡ must never be late.
    const now = performance.now()
    if (this.#titled.kind === this.condition.kind && now - this.#titled.at < TITLE_EVERY_MS) return
    this.#titled = { kind: this.condition.kind, at: now }
    const { latest } = this.feed
    const name = `${this.name(this.symbol)} ${this.timeframe}`
    const price = latest === null ? '' : `${formatPrice(latest.close, this.chart?.decimals ?? 2)} · `
    const title = `${this.condition.kind === 'live' ? '⚡ ' : ''}${price}${name}`
    if (document.title !== title) document.title = title
  }
}
