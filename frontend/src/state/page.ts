import type { MarketSymbol } from '../api/market'
import type { Origin } from '../chart/tools/export'
import type { CandleFeed } from '../feed/candleFeed'
import { TIMEFRAMES } from '../feed/timeframes'
import { Watchlist } from '../feed/watchlist'
import { text } from '../text/text'
import { type Link, readAddress } from './address'
import { ChartPage } from './chartPage'
import { ConnectionLog } from './connectionLog'
import { keep, recall } from './keepsake'
import { Session } from './session'
import { loadSettings, MAX_WATCHED, type Settings, saveSettings, type View } from './settings'
import { listedSymbol, symbolName } from './symbolName'

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
export class Page extends ChartPage {
  readonly session: Session
  readonly watchlist: Watchlist
  readonly log = new ConnectionLog()
  symbols: readonly MarketSymbol[] = []
  known: ReadonlyMap<string, MarketSymbol> = new Map()
  timeframes: readonly string[] = TIMEFRAMES
  /** A sentence for a few seconds, and perhaps a way back. */
  note: { text: string; undo: (() => void) | null } | null = null
  /** False where the browser keeps nothing. */
  keeps = true

  #symbolsRetryMs = SYMBOLS_RETRY_MS
  #noteTimer: ReturnType<typeof setTimeout> | null = null
  #steppedAt = Number.NEGATIVE_INFINITY

  constructor() {
    const session = new Session()
    const remembered = loadSettings()
    const link = readAddress(location, remembered)
    const settings = { ...remembered, symbol: link.symbol, timeframe: link.timeframe }
    super({ base: '', access: session, snapshot: SNAPSHOT, settings, linkTrouble: troubleOf(link) })
    this.session = session
    this.watchlist = new Watchlist(this.client, () => this.serverNow)
  }

  /** The symbols of the rail. */
  get watched(): readonly string[] {
    if (this.settings.watch !== null) return this.settings.watch
    const listed = FIRST_WATCHED.filter((symbol) => this.known.has(symbol))
    const others = this.symbols.map(({ symbol }) => symbol).filter((symbol) => !listed.includes(symbol))
    return [...listed, ...others].slice(0, FIRST_WATCHED.length)
  }

  override start(): void {
    super.start()
    const { signal } = this.life
    window.addEventListener('popstate', () => this.#followAddress(), { signal })
    // The last moment at which a page is sure to be asked.
    document.addEventListener('visibilitychange', () => document.hidden && this.#keepBars(), { signal })
    window.addEventListener('pagehide', () => this.#keepBars(), { signal })
    void this.#loadSymbols()
    // A link that could not be followed stays as it is until something else is chosen.
    if (this.linkTrouble === null && this.feed.refusal === null) this.#writeAddress('replace')
  }

  override stop(): void {
    super.stop()
    this.session.stop()
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
    void this.#open(`${symbol}:${timeframe}`, rightEdge)
  }

  /** Brings a time (Unix ms) to the right edge of the view; where no bars are so early the newest stay. */
  goTo(time: number): Promise<void> {
    this.feed.dispose()
    return this.#open(this.feed.series, time)
  }

  async #open(series: string, rightEdge: number | null): Promise<void> {
    this.hoveredTime = null
    this.following = rightEdge === null
    this.feed = this.makeFeed(series, rightEdge)
    this.bindChart(rightEdge)
    const started = !this.session.locked && this.feed.refusal === null ? this.feed.start() : null
    this.#followWatchlist()
    this.noteCondition()
    this.changed.emit()
    await started
  }

  /** Changes what is remembered in this browser, and what follows from it. */
  change(settings: Partial<Omit<Settings, 'symbol' | 'timeframe'>>): void {
    this.#keep(settings)
    if (settings.theme !== undefined || settings.palette !== undefined) this.applyTheme()
    if (settings.timeZone !== undefined) this.chart?.setTimeZone(settings.timeZone)
    if (settings.scale !== undefined) this.chart?.setScale(settings.scale)
    if (settings.watch !== undefined) this.#followWatchlist()
    this.changed.emit()
  }

  protected override keepView(view: View | null): void {
    this.#keep({ view })
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

  /** Puts a timeframe into the header, or takes it out. */
  toggleFavourite(timeframe: string): void {
    const { favourites } = this.settings
    const others = favourites.filter((one) => one !== timeframe)
    this.change({ favourites: others.length < favourites.length ? others : [...favourites, timeframe] })
  }

  /** Brings the newest gap into view. */
  showGap(): void {
    const gap = this.feed.gaps.at(-1)
    if (gap !== undefined) this.chart?.reveal(gap[0])
  }

  override name(symbol: string): string {
    return symbolName(symbol, this.known)
  }

  #followWatchlist(): void {
    // A symbol that does not exist would only be refused again on its hourly series.
    const own =
      this.feed.refusal === null && (this.known.size === 0 || this.known.has(this.symbol)) ? [this.symbol] : []
    this.watchlist.follow([...this.watched, ...own])
  }

  async #loadSymbols(): Promise<void> {
    try {
      const { signal } = this.life
      const [symbols, timeframes] = await Promise.all([this.api.symbols(signal), this.api.timeframes(signal)])
      this.symbols = symbols
      this.known = new Map(symbols.map((symbol) => [symbol.symbol, symbol]))
      if (timeframes.length > 0) this.timeframes = timeframes
    } catch {
      // Asked again below.
    }
    // A server that has only just started may not have the exchange's list yet.
    if (this.symbols.length === 0 && !this.session.locked && !this.life.signal.aborted) {
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

  protected override recallBars(feed: CandleFeed): void {
    if (feed.list.last !== undefined) return
    const kept = recall(feed.series)
    if (kept === null) return
    this.wasSimulated = kept.simulated
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

  protected override noteCondition(): void {
    super.noteCondition()
    if (this.log.note(this.condition, Date.now())) this.changed.emit()
  }

  /** Quick choices after each other are one step: Back leads out of all of them. */
  #writeAddress(how: 'step' | 'replace'): void {
    const query = new URLSearchParams({ symbol: this.settings.symbol, timeframe: this.settings.timeframe })
    const isStep = how === 'step' && performance.now() - this.#steppedAt >= ONE_STEP_MS
    if (how === 'step') this.#steppedAt = performance.now()
    history[isStep ? 'pushState' : 'replaceState'](null, '', `?${query}`)
  }

  #followAddress(): void {
    const link = readAddress(location, this.settings, this.timeframes)
    this.select(link.symbol, link.timeframe, 'keep')
    this.linkTrouble = troubleOf(link)
    this.changed.emit()
  }
}

/** What of a link cannot be had, in sentences. */
function troubleOf({ timeframe, missed, unknown }: Link): string | null {
  const sentences = []
  if (missed !== null) sentences.push(text.noSuchTimeframe(missed, timeframe))
  if (unknown.length > 0) sentences.push(text.unknownInLink(unknown.join(', ')))
  return sentences.join(' ') || null
}
