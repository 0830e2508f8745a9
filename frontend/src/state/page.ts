import { CandleClient, splitSeries } from '../api/candleStream'
import { type MarketApi, type MarketSymbol, marketApi } from '../api/market'
import { ChartView } from '../chart/chartView'
import type { Origin } from '../chart/export'
import { formatCountdown, formatPrice, formatVolume } from '../chart/format'
import { CandleFeed } from '../feed/candleFeed'
import { type Condition, conditionOf } from '../feed/condition'
import { endOf, TIMEFRAMES } from '../feed/timeframes'
import { Watchlist } from '../feed/watchlist'
import { text } from '../text/text'
import { isSymbol, type Link, readAddress } from './address'
import { ConnectionLog } from './connectionLog'
import { keep, recall } from './keepsake'
import { Session } from './session'
import { isDark, loadSettings, MAX_WATCHED, type Settings, saveSettings } from './settings'
import { Signal } from './signal'
import { listedSymbol, symbolName } from './symbolName'

/** How often the words and numbers around the chart are read; candles themselves never pass through the components. */
const TICK_MS = 250
const TITLE_EVERY_MS = 1000
/** Candles of each series the stream starts with: a day of hours for the watchlist, and the hour that forms. */
const SNAPSHOT = 25
/** Choices that follow each other faster are one step in the browser's history. */
const ONE_STEP_MS = 1000
/** For so long a removed row can be brought back, and a note is shown. */
const NOTE_MS = 5000
const SYMBOLS_RETRY_MS = 2000
const SYMBOLS_RETRY_LIMIT_MS = 60_000
const FIRST_WATCHED = ['BTCUSD', 'ETHUSD', 'SOLUSD', 'XRPUSD', 'LTCUSD', 'ADAUSD']

/** Everything one page shows and does, apart from the components: they read this and call the verbs. */
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
  /** A sentence for a few seconds, and perhaps a way back. */
  note: { text: string; undo: (() => void) | null } | null = null
  /** What the link asked for and could not have. */
  linkTrouble: string | null = null
  /** False where the browser keeps nothing. */
  keeps = true

  #api: MarketApi
  #life = new AbortController()
  #symbolsRetryMs = SYMBOLS_RETRY_MS
  /** Open time of the bar that was updated last. */
  #updatedTime: number | null = null
  #timer: ReturnType<typeof setInterval> | null = null
  #titled: { kind: Condition['kind'] | null; at: number } = { kind: null, at: 0 }
  #darkQuery = matchMedia('(prefers-color-scheme: dark)')
  #forcedQuery = matchMedia('(forced-colors: active)')
  #noteTimer: ReturnType<typeof setTimeout> | null = null
  /** What was said last, now or on an earlier visit: the prices on screen are still those. */
  #wasSimulated: boolean | null = null
  #steppedAt = Number.NEGATIVE_INFINITY

  constructor() {
    this.session = new Session()
    const { fetch } = this.session
    this.client = new CandleClient({ snapshot: SNAPSHOT, environment: { fetch } })
    this.#api = marketApi(fetch)
    this.watchlist = new Watchlist(this.client, () => this.serverNow)
    this.feed = this.#makeFeed(this.#takeLink(readAddress(location.search, this.settings)), null)
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
    return this.client.status.simulated ?? this.#wasSimulated
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
    for (const query of [this.#darkQuery, this.#forcedQuery])
      query.addEventListener('change', () => this.#applyTheme(), { signal })
    window.addEventListener('popstate', () => this.#followAddress(), { signal })
    for (const event of ['online', 'offline']) window.addEventListener(event, () => this.#tick(), { signal })
    // The last moment at which a page is sure to be asked.
    document.addEventListener('visibilitychange', () => document.hidden && this.#keepBars(), { signal })
    window.addEventListener('pagehide', () => this.#keepBars(), { signal })
    this.client.onStatus(() => this.#noteCondition())
    this.session.changed.subscribe(() => this.#lock())
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
    if (this.feed.refusal === null) void this.feed.start()
    void this.#loadSymbols()
    // A link that could not be followed stays as it is until something else is chosen.
    if (this.linkTrouble === null && this.feed.refusal === null) this.#writeAddress('replace')
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
      viewChanged: (view) => this.#keep({ view }),
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
    this.#bindChart(null)
    return () => {
      this.chart = null
      chart.remove()
    }
  }

  /** Shows another series. Another timeframe of the same symbol keeps the right edge of the view. */
  select(symbol: string, timeframe: string, address: 'step' | 'replace' | 'keep' = 'step'): void {
    if (symbol === this.symbol && timeframe === this.timeframe) return
    const rightEdge = symbol === this.symbol ? (this.chart?.rightEdge ?? null) : null
    this.feed.dispose()
    this.linkTrouble = null
    this.settings = { ...this.settings, symbol, timeframe }
    this.#save()
    if (address !== 'keep') this.#writeAddress(address)
    this.hoveredTime = null
    this.following = rightEdge === null
    this.feed = this.#makeFeed(`${symbol}:${timeframe}`, rightEdge)
    this.#bindChart(rightEdge)
    if (!this.session.locked && this.feed.refusal === null) void this.feed.start()
    this.#followWatchlist()
    this.#noteCondition()
    this.changed.emit()
  }

  /** Changes what is remembered in this browser, and what follows from it. */
  change(settings: Partial<Omit<Settings, 'symbol' | 'timeframe'>>): void {
    this.#keep(settings)
    if (settings.theme !== undefined || settings.palette !== undefined) this.#applyTheme()
    if (settings.timeZone !== undefined) this.chart?.setTimeZone(settings.timeZone)
    if (settings.scale !== undefined) this.chart?.setScale(settings.scale)
    if (settings.watch !== undefined) this.#followWatchlist()
    this.changed.emit()
  }

  resetView(): void {
    this.chart?.resetView()
    this.#keep({ view: null })
  }

  /** Shows a sentence for a few seconds. */
  say(sentence: string, undo: (() => void) | null = null): void {
    if (this.#noteTimer !== null) clearTimeout(this.#noteTimer)
    this.note = { text: sentence, undo }
    this.#noteTimer = setTimeout(() => this.endNote(), NOTE_MS)
    this.changed.emit()
  }

  endNote(): void {
    if (this.#noteTimer !== null) clearTimeout(this.#noteTimer)
    this.#noteTimer = null
    this.note = null
    this.changed.emit()
  }

  /** What an export says of itself. */
  get origin(): Origin {
    const { symbol, timeframe } = this
    return {
      symbol,
      name: this.name(symbol),
      timeframe,
      simulated: this.isSimulated,
      old: !this.isCurrent,
      at: this.serverNow,
    }
  }

  watch(symbol: string): void {
    if (this.watched.includes(symbol) || this.watched.length >= MAX_WATCHED) return
    this.change({ watch: [...this.watched, symbol] })
  }

  unwatch(symbol: string): void {
    const before = [...this.watched]
    this.change({ watch: before.filter((other) => other !== symbol) })
    this.say(text.removed(this.name(symbol)), () => this.change({ watch: before }))
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

  /** Takes over what a link asks for, and says what of it cannot be had. Returns the series. */
  #takeLink({ symbol, timeframe, missed }: Link): string {
    this.linkTrouble = missed === null ? null : text.noSuchTimeframe(missed, timeframe)
    this.settings = { ...this.settings, symbol, timeframe }
    return `${symbol}:${timeframe}`
  }

  #makeFeed(series: string, rightEdge: number | null): CandleFeed {
    const feed = new CandleFeed(series, this.client, this.#api, rightEdge, {
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
        if (feed.problem !== null) this.#recall(feed)
        this.#noteCondition()
        this.changed.emit()
      },
      mayPage: () => this.chart?.pageAgain(),
    })
    // Nobody is asked for what cannot be a symbol.
    if (!isSymbol(splitSeries(series).symbol)) feed.refuse(text.noSuchSymbol)
    return feed
  }

  #bindChart(rightEdge: number | null): void {
    const { feed } = this
    this.chart?.bind(() => feed.list.bars, this.timeframe, rightEdge)
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
    this.#correctSymbol()
    this.changed.emit()
  }

  /** A link may write a symbol as others do: `DOGEUSD` for `DOGE:USD`. The list knows what is meant. */
  #correctSymbol(): void {
    if (this.known.size === 0 || this.known.has(this.symbol) || this.feed.list.last !== undefined) return
    const meant = listedSymbol(this.symbol, this.symbols)
    if (meant !== null) this.select(meant, this.timeframe, 'replace')
  }

  #keep(settings: Partial<Settings>): void {
    this.settings = { ...this.settings, ...settings }
    this.#save()
  }

  /** Without a server the bars of the last visit are better than none. */
  #recall(feed: CandleFeed): void {
    if (feed.list.last !== undefined) return
    const kept = recall(feed.series)
    if (kept === null) return
    this.#wasSimulated = kept.simulated
    feed.showKept(kept.bars, kept.at)
  }

  #keepBars(): void {
    const { feed } = this
    if (
      feed.keptAt !== null ||
      feed.detached ||
      feed.list.last === undefined ||
      this.session.locked ||
      this.session.left
    )
      return
    keep(feed.series, { at: this.serverNow, simulated: this.isSimulated, bars: [...feed.list.bars] })
  }

  #save(): void {
    this.keeps = saveSettings(this.settings)
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
    this.#showSource()
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
    this.#wasSimulated = this.isSimulated
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

  #applyTheme(): void {
    const dark = isDark(this.settings, this.#darkQuery.matches)
    document.documentElement.dataset.theme = dark ? 'dark' : 'light'
    document.documentElement.dataset.palette = this.settings.palette
    const bar = getComputedStyle(document.documentElement).getPropertyValue('--panel').trim()
    document.querySelector('meta[name="theme-color"]')?.setAttribute('content', bar)
    this.chart?.recolour()
  }

  /** Quick choices after each other are one step: Back leads out of all of them. */
  #writeAddress(how: 'step' | 'replace'): void {
    const query = new URLSearchParams({ symbol: this.settings.symbol, timeframe: this.settings.timeframe })
    const isStep = how === 'step' && performance.now() - this.#steppedAt >= ONE_STEP_MS
    if (how === 'step') this.#steppedAt = performance.now()
    history[isStep ? 'pushState' : 'replaceState'](null, '', `?${query}`)
  }

  #followAddress(): void {
    const link = readAddress(location.search, this.settings, this.timeframes)
    this.select(link.symbol, link.timeframe, 'keep')
    this.#takeLink(link)
    this.changed.emit()
  }
}
