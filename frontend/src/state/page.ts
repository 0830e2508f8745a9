import { CandleClient, splitSeries } from '../api/candleStream'
import { type MarketApi, type MarketSymbol, marketApi } from '../api/market'
import { ChartView } from '../chart/chartView'
import { formatCountdown, formatPrice, formatVolume } from '../chart/format'
import { CandleFeed } from '../feed/candleFeed'
import { type Condition, conditionOf } from '../feed/condition'
import { endOf, TIMEFRAMES } from '../feed/timeframes'
import { Watchlist } from '../feed/watchlist'
import { ConnectionLog } from './connectionLog'
import { Session } from './session'
import { loadSettings, MAX_WATCHED, readAddress, type Settings, saveSettings } from './settings'
import { Signal } from './signal'
import { symbolName } from './symbolName'

/** How often the words and numbers around the chart are read; candles themselves never pass through React. */
const TICK_MS = 250
const TITLE_EVERY_MS = 1000
/** Candles of each series the stream starts with: a day of hours for the watchlist, and the hour that forms. */
const SNAPSHOT = 25
const SYMBOLS_RETRY_MS = 2000
const SYMBOLS_RETRY_LIMIT_MS = 60_000
const FIRST_WATCHED = ['BTCUSD', 'ETHUSD', 'SOLUSD', 'XRPUSD', 'LTCUSD', 'ADAUSD']

/** Everything one page shows and does, apart from React: it reads this and calls the verbs. */
export class Page {
  /** Choice, settings, loading, errors: rare. */
  readonly changed = new Signal()
  /** Four times a second. */
  readonly ticked = new Signal()
  /** A bar was appended, closed or changed after its end, or all bars are others now; not the trades in between. */
  readonly barsChanged = new Signal()
  /** The crosshair moved. */
  readonly hoverChanged = new Signal()

  readonly session: Session
  readonly client: CandleClient
  readonly watchlist: Watchlist
  readonly log = new ConnectionLog()
  settings: Settings = loadSettings()
  symbols: readonly MarketSymbol[] = []
  known: ReadonlyMap<string, MarketSymbol> = new Map()
  timeframes: readonly string[] = TIMEFRAMES
  feed: CandleFeed
  chart: ChartView | null = null
  hoveredTime: number | null = null
  following = true
  condition: Condition

  #api: MarketApi
  #life = new AbortController()
  #symbolsRetryMs = SYMBOLS_RETRY_MS
  /** Open time of the bar that was updated last. */
  #updatedTime: number | null = null
  #timer: ReturnType<typeof setInterval> | null = null
  #titled: { kind: Condition['kind'] | null; at: number } = { kind: null, at: 0 }
  #darkQuery = matchMedia('(prefers-color-scheme: dark)')

  constructor() {
    this.session = new Session()
    const { fetch } = this.session
    this.client = new CandleClient({ snapshot: SNAPSHOT, environment: { fetch } })
    this.#api = marketApi(fetch)
    this.watchlist = new Watchlist(this.client, () => this.serverNow)
    Object.assign(this.settings, readAddress(location.search, this.settings))
    this.feed = this.#makeFeed()
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

  /** The symbols of the rail. */
  get watched(): readonly string[] {
    if (this.settings.watch !== null) return this.settings.watch
    const listed = FIRST_WATCHED.filter((symbol) => this.known.has(symbol))
    const others = this.symbols.map(({ symbol }) => symbol).filter((symbol) => !listed.includes(symbol))
    return [...listed, ...others].slice(0, FIRST_WATCHED.length)
  }

  /** Server time, Unix ms; our own clock until the server has told its time. */
  get serverNow(): number {
    return Date.now() + (this.client.status.serverOffsetMs ?? 0)
  }

  start(): void {
    this.#applyTheme()
    const { signal } = this.#life
    this.#darkQuery.addEventListener('change', () => this.#applyTheme(), { signal })
    window.addEventListener('popstate', () => this.#followAddress(), { signal })
    for (const event of ['online', 'offline']) window.addEventListener(event, () => this.#tick(), { signal })
    this.client.onStatus(() => this.#noteCondition())
    this.session.changed.subscribe(() => this.#lock())
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
    void this.feed.start()
    void this.#loadSymbols()
    this.#writeAddress('replace')
  }

  stop(): void {
    this.#life.abort()
    if (this.#timer !== null) clearInterval(this.#timer)
    this.feed.dispose()
    this.client.stop()
    this.session.stop()
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
      drawn: () => {
        this.#showLastPrice()
        this.#showVolume()
      },
    })
    this.chart = chart
    chart.setTimeZone(this.settings.timeZone)
    chart.setScale(this.settings.scale)
    this.#bindChart()
    return () => {
      this.chart = null
      chart.remove()
    }
  }

  /** Shows another series. */
  select(symbol: string, timeframe: string, address: 'push' | 'keep' = 'push'): void {
    if (symbol === this.symbol && timeframe === this.timeframe) return
    this.feed.dispose()
    this.settings = { ...this.settings, symbol, timeframe }
    saveSettings(this.settings)
    if (address === 'push') this.#writeAddress('push')
    this.hoveredTime = null
    this.following = true
    this.feed = this.#makeFeed()
    this.#bindChart()
    if (!this.session.locked) void this.feed.start()
    this.#followWatchlist()
    this.#noteCondition()
    this.changed.emit()
  }

  /** Changes what is remembered in this browser, and what follows from it. */
  change(settings: Partial<Omit<Settings, 'symbol' | 'timeframe'>>): void {
    this.settings = { ...this.settings, ...settings }
    saveSettings(this.settings)
    if (settings.theme !== undefined || settings.palette !== undefined) this.#applyTheme()
    if (settings.timeZone !== undefined) this.chart?.setTimeZone(settings.timeZone)
    if (settings.scale !== undefined) this.chart?.setScale(settings.scale)
    if (settings.watch !== undefined) this.#followWatchlist()
    this.changed.emit()
  }

  watch(symbol: string): void {
    if (this.watched.includes(symbol) || this.watched.length >= MAX_WATCHED) return
    this.change({ watch: [...this.watched, symbol] })
  }

  unwatch(symbol: string): void {
    this.change({ watch: this.watched.filter((other) => other !== symbol) })
  }

  async goLive(): Promise<void> {
    await this.feed.goLive()
    this.chart?.goLive()
  }

  name(symbol: string): string {
    return symbolName(symbol, this.known)
  }

  /** Time until the forming bar closes, ms; null where it cannot be told: no bars, or a market of another date. */
  closesInMs(): number | null {
    const { latest } = this.feed
    if (latest === null) return null
    const end = endOf(latest.time, this.timeframe)
    const remaining = end - this.serverNow
    const length = end - latest.time
    return remaining > length || remaining < -length ? null : Math.max(remaining, 0)
  }

  #makeFeed(): CandleFeed {
    const series = `${this.settings.symbol}:${this.settings.timeframe}`
    return new CandleFeed(series, this.client, this.#api, {
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
        this.#noteCondition()
        this.changed.emit()
      },
      mayPage: () => this.chart?.pageAgain(),
    })
  }

  #bindChart(): void {
    const { feed } = this
    this.chart?.bind(() => feed.list.bars, this.timeframe)
    this.chart?.setGaps(feed.gaps)
  }

  #followWatchlist(): void {
    // A symbol that does not exist would only be refused again on its hourly series.
    const own =
      this.feed.refusal === null && (this.known.size === 0 || this.known.has(this.symbol)) ? [this.symbol] : []
    this.watchlist.follow([...this.watched, ...own])
  }

  async #loadSymbols(): Promise<void> {
    try {
      const { signal } = this.#life
      const [symbols, timeframes] = await Promise.all([this.#api.symbols(signal), this.#api.timeframes(signal)])
      this.symbols = symbols
      this.known = new Map(symbols.map((symbol) => [symbol.symbol, symbol]))
      if (timeframes.length > 0) this.timeframes = timeframes
    } catch {
      // Asked again below.
    }
    // A server that has only just started may not have the exchange's list yet.
    if (this.symbols.length === 0 && !this.session.locked && !this.#life.signal.aborted) {
      setTimeout(() => void this.#loadSymbols(), this.#symbolsRetryMs)
      this.#symbolsRetryMs = Math.min(this.#symbolsRetryMs * 2, SYMBOLS_RETRY_LIMIT_MS)
    }
    this.#followWatchlist()
    this.changed.emit()
  }

  /** Nothing more is asked for; what is on screen stays, until a key begins the page anew. */
  #lock(): void {
    this.feed.dispose()
    this.client.stop()
    this.#noteCondition()
    this.changed.emit()
  }

  #tick(): void {
    this.#noteCondition()
    this.#showLastPrice()
    this.#writeTitle()
    this.ticked.emit()
  }

  #readCondition(): Condition {
    return conditionOf({
      connection: this.client.status,
      name: this.feed.series,
      series: this.feed.state,
      refusal: this.feed.refusal,
      hasBars: this.feed.list.last !== undefined,
      online: navigator.onLine,
      locked: this.session.locked,
      now: Date.now(),
    })
  }

  #noteCondition(): void {
    this.condition = this.#readCondition()
    if (this.log.note(this.condition, Date.now())) this.changed.emit()
  }

  #showLastPrice(): void {
    const { latest } = this.feed
    if (this.chart === null || latest === null) return
    this.chart.showLastPrice({
      price: latest.close,
      label: formatPrice(latest.close, this.chart.decimals),
      countdown: formatCountdown(this.closesInMs()),
      rising: latest.close >= latest.open,
      current: this.isCurrent,
    })
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

  #applyTheme(): void {
    const { theme, palette } = this.settings
    const dark = theme === 'dark' || (theme === 'system' && this.#darkQuery.matches)
    document.documentElement.dataset.theme = dark ? 'dark' : 'light'
    document.documentElement.dataset.palette = palette
    this.chart?.recolour()
  }

  #writeAddress(how: 'push' | 'replace'): void {
    const query = new URLSearchParams({ symbol: this.settings.symbol, timeframe: this.settings.timeframe })
    history[how === 'push' ? 'pushState' : 'replaceState'](null, '', `?${query}`)
  }

  #followAddress(): void {
    const { symbol, timeframe } = readAddress(location.search, this.settings)
    this.select(symbol, timeframe, 'keep')
  }
}
