import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'

const DIST = fileURLToPath(new URL('../dist', import.meta.url))
const MINUTE = 60_000
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
}
const LENGTHS: Record<string, number> = {
  '1m': MINUTE,
  '5m': 5 * MINUTE,
  '15m': 15 * MINUTE,
  '30m': 30 * MINUTE,
  '1h': 60 * MINUTE,
  '3h': 180 * MINUTE,
  '6h': 360 * MINUTE,
  '12h': 720 * MINUTE,
  '1D': 1440 * MINUTE,
  '1W': 7 * 1440 * MINUTE,
  '14D': 14 * 1440 * MINUTE,
}
const SYMBOLS = ['BTCUSD', 'ETHUSD', 'SOLUSD', 'XRPUSD', 'LTCUSD', 'ADAUSD', 'DOGE:USD', 'DOTUSD', 'BTCF0:USTF0']
/** The same policy as the real server sends. */
const POLICY = "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; connect-src 'self'"

export interface ScriptedCandle {
  time: number
  open: number
  high: number
  low: number
  close: number
  volume: number
  closed: boolean
  rev: number
}

interface Client {
  response: ServerResponse
  series: string[]
}

/** A server that follows the protocol, and breaks it on demand: for states the real one cannot be brought into. */
export class ScriptedServer {
  /** What the stream route answers. */
  mode: 'ok' | 'refuse' | 'half-open' = 'ok'
  restDown = false
  delayMs = 0
  ticksPerSecond = 4
  simulated = false
  state: Record<string, unknown> = { state: 'live', connected: true, gaps: [] }
  emptySymbol = 'DOTUSD'
  /** Candles that are not handed out, as if nobody had watched: [from, to) in ms. */
  hole: [number, number] | null = null
  /** The market moves only when `tick` is called. */
  silent = false
  /** Stops the market at this moment. */
  fixedNow: number | null = null
  /** Symbols that the exchange does not list any more. */
  vanished: readonly string[] = []
  /** The server speaks as another version might: lists in another shape, fields and events that nobody knows yet, none of the optional ones. */
  otherVersion = false
  /** The service worker is of another build than the page. */
  newWorker = false
  requests: string[] = []

  #server: Server | null = null
  #clients = new Set<Client>()
  #timers: ReturnType<typeof setInterval>[] = []
  #rev = Date.now() * 1000
  #live = new Map<string, ScriptedCandle>()
  #corrections = new Map<string, ScriptedCandle>()
  #held: Promise<void> = Promise.resolve()

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get port(): number {
    return (this.#server!.address() as AddressInfo).port
  }

  get streams(): number {
    return this.#clients.size
  }

  async start(port = 0): Promise<void> {
    const server = createServer((request, response) => void this.#answer(request, response))
    this.#server = server
    await new Promise<void>((done) => server.listen(port, '127.0.0.1', done))
    this.#timers = [
      setInterval(() => this.#tick(), 1000 / this.ticksPerSecond),
      setInterval(() => this.#heartbeat(), 2000),
    ]
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    const server = this.#server
    this.#server = null
    for (const { response } of this.#clients) response.destroy()
    this.#clients.clear()
    server?.closeAllConnections()
    await new Promise<void>((done) => (server === null ? done() : server.close(() => done())))
  }

  /** Writes text to every stream as it is: malformed events, too. */
  raw(text: string): void {
    for (const { response } of this.#clients) response.write(text)
  }

  /** Keeps every answer but those of the stream back until the function it returns is called. */
  hold(): () => void {
    let release = () => {}
    this.#held = new Promise((done) => {
      release = done
    })
    return release
  }

  dropStreams(): void {
    for (const { response } of this.#clients) response.destroy()
  }

  /** Says a new state for every series. */
  say(state: Record<string, unknown>): void {
    this.state = { gaps: [], ...state }
    for (const client of this.#clients) {
      for (const series of client.series) this.#send(client, 'status', { series, ...this.state })
    }
  }

  /** Sends a candle to whoever follows the series. */
  push(series: string, candle: Omit<ScriptedCandle, 'rev'> & { rev?: number }): void {
    const full = { ...candle, rev: candle.rev ?? this.#nextRev() }
    this.#corrections.set(`${series}@${full.time}`, full)
    this.#broadcast(series, full)
  }

  /** The history of a series as GET /candles gives it. */
  history(series: string, start: number, end: number): ScriptedCandle[] {
    const [symbol, step] = this.#parts(series)
    if (symbol === this.emptySymbol) return []
    const candles: ScriptedCandle[] = []
    const first = Math.max(Math.ceil(start / step) * step, this.now - 12_000 * step)
    for (let time = first; time <= Math.min(end, this.now); time += step) {
      if (this.hole !== null && time >= this.hole[0] && time < this.hole[1]) continue
      candles.push(this.candleAt(series, time))
    }
    return candles
  }

  candleAt(series: string, time: number): ScriptedCandle {
    const corrected = this.#corrections.get(`${series}@${time}`)
    if (corrected !== undefined) return corrected
    const [symbol, step] = this.#parts(series)
    const live = this.#live.get(series)
    if (live?.time === time) return live
    const scale = symbol === 'BTCUSD' ? 96_000 : symbol === 'ETHUSD' ? 3300 : 0.5 + SYMBOLS.indexOf(symbol)
    const at = (moment: number) => {
      const x = moment / MINUTE / (step / MINUTE) ** 0.5
      const wave = Math.sin(x / 37) * 0.02 + Math.sin(x / 11.3) * 0.008 + Math.sin(x / 2.7) * 0.003
      return scale * (1 + wave + noise(moment / step) * 0.003)
    }
    const round = (value: number) => Number(value.toPrecision(6))
    const open = round(at(time))
    const close = round(at(time + step))
    const spread = scale * 0.002 * (0.3 + noise(time / step + 7))
    const closed = time + step <= this.now
    return {
      time,
      open,
      close,
      high: round(Math.max(open, close) + spread),
      low: round(Math.min(open, close) - spread),
      volume: Number((5 + noise(time / step + 3) ** 4 * 200).toFixed(4)),
      closed,
      rev: closed ? (time + step) * 1000 : this.#nextRev(),
    }
  }

  /** The market's time; the clock of the machine unless a picture needs a still one. */
  get now(): number {
    return this.fixedNow ?? Date.now()
  }

  #listed(): string[] {
    return SYMBOLS.filter((symbol) => !this.vanished.includes(symbol))
  }

  #parts(series: string): [symbol: string, step: number] {
    const colon = series.lastIndexOf(':')
    return [series.slice(0, colon), LENGTHS[series.slice(colon + 1)] ?? 30 * 1440 * MINUTE]
  }

  #nextRev(): number {
    this.#rev = Math.max(this.#rev + 1, this.now * 1000)
    return this.#rev
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1')
    this.requests.push(request.url ?? '/')
    response.setHeader('Content-Security-Policy', POLICY)
    if (url.pathname === '/candles/stream') return this.#stream(url, request, response)
    const isApi = ['/candles', '/symbols', '/timeframes', '/candles/stream/status'].includes(url.pathname)
    if (!isApi) return this.#file(url.pathname, response)
    await this.#held
    if (this.delayMs > 0) await new Promise((done) => setTimeout(done, this.delayMs))
    if (this.restDown) return this.#problem(response, 503, 'Draining', 'The server is going away.')
    this.#api(url, response)
  }

  #api(url: URL, response: ServerResponse): void {
    if (url.pathname === '/symbols') {
      if (this.otherVersion) return json(response, { instruments: SYMBOLS })
      const symbols = this.#listed().map((symbol) => {
        const [base, quote] = symbol.includes(':') ? symbol.split(':') : [symbol.slice(0, 3), symbol.slice(3)]
        return { symbol, base, quote }
      })
      return json(response, { symbols })
    }
    if (url.pathname === '/timeframes') {
      if (this.otherVersion) return json(response, { timeframes: Object.keys(LENGTHS) })
      const named = [...Object.entries(LENGTHS), ['1M', null] as const]
      return json(response, { timeframes: named.map(([timeframe, ms]) => ({ timeframe, ms })) })
    }
    if (url.pathname === '/candles/stream/status')
      return json(response, this.otherVersion ? { series: [] } : { simulated: this.simulated, streams: [] })
    const symbol = url.searchParams.get('symbol') ?? ''
    const timeframe = url.searchParams.get('timeframe') ?? ''
    if (!this.#listed().includes(symbol)) {
      const matches = this.#listed().filter((known) => known.startsWith(symbol.slice(0, 1)))
      return this.#problem(response, 404, 'Unknown symbol', `Symbol "${symbol}" is not listed.`, { matches })
    }
    const series = `${symbol}:${timeframe}`
    const number = (name: string, otherwise: number) => Number(url.searchParams.get(name) ?? otherwise)
    const asof = this.#nextRev()
    const end = number('end', this.now)
    const [, step] = this.#parts(series)
    const limit = number('limit', 500)
    const start = number('start', end - limit * step)
    let candles = this.history(series, start, end)
    const since = url.searchParams.get('since')
    if (since !== null) candles = candles.filter((candle) => candle.rev > Number(since))
    candles = url.searchParams.has('start') ? candles.slice(0, limit) : candles.slice(-limit)
    const next =
      candles.length < limit ? null : url.searchParams.has('start') ? candles.at(-1)!.time + step : candles[0]!.time - 1
    json(response, { symbol, timeframe, candles, asof, gaps: (this.state.gaps as unknown[]) ?? [], next })
  }

  #stream(url: URL, request: IncomingMessage, response: ServerResponse): void {
    if (this.mode === 'refuse') return this.#problem(response, 503, 'Draining', 'No streams now.')
    const series = url.searchParams.getAll('series')
    const gone = series.find((name) => this.vanished.includes(this.#parts(name)[0]))
    if (gone !== undefined)
      return this.#problem(response, 404, 'Unknown symbol', `Symbol "${this.#parts(gone)[0]}" is not listed.`, {
        field: 'symbol',
        value: this.#parts(gone)[0],
        matches: [],
      })
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache, no-transform' })
    const client = { response, series }
    this.#clients.add(client)
    request.on('close', () => this.#clients.delete(client))
    if (this.mode === 'half-open') return response.flushHeaders()
    const snapshot = Number(url.searchParams.get('snapshot') ?? 1)
    if (this.otherVersion) {
      this.#send(client, 'hello', { protocol: 9, series })
      this.#send(client, 'layout', { charts: 4 })
    } else this.#send(client, 'hello', { server_time: this.now, heartbeat_ms: 2000, series, simulated: this.simulated })
    for (const name of series) this.#send(client, 'status', { series: name, ...this.state })
    for (const name of series) {
      const [, step] = this.#parts(name)
      const candles = this.history(name, this.now - snapshot * step, this.now)
      this.#send(client, 'snapshot', { series: name, candles })
    }
    const resumed = url.searchParams.has('last_event_id')
    const asof = this.#nextRev()
    const how = Object.fromEntries(series.map((name) => [name, resumed ? 'resumed' : 'fresh']))
    response.write(`event: synced\nid: ${asof}\ndata: ${JSON.stringify({ asof, series: how })}\n\n`)
  }

  #send(client: Client, event: string, data: unknown): void {
    client.response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  #broadcast(series: string, candle: ScriptedCandle): void {
    const colon = series.lastIndexOf(':')
    const data = { symbol: series.slice(0, colon), timeframe: series.slice(colon + 1), ...candle }
    const frame = `id: ${candle.rev}\ndata: ${JSON.stringify(data)}\n\n`
    for (const { response, series: wanted } of this.#clients) if (wanted.includes(series)) response.write(frame)
  }

  #tick(): void {
    if (this.mode === 'half-open' || this.fixedNow !== null || this.silent) return
    for (const series of new Set([...this.#clients].flatMap((client) => client.series))) this.tick(series)
  }

  /** So many trades of a series, one candle version each. */
  tick(series: string, count = 1): void {
    const [symbol, step] = this.#parts(series)
    if (symbol === this.emptySymbol || this.state.state !== 'live') return
    for (let trade = 0; trade < count; trade++) {
      const time = Math.floor(this.now / step) * step
      const before = this.#live.get(series)
      if (before !== undefined && before.time < time)
        this.#broadcast(series, { ...before, closed: true, rev: this.#nextRev() })
      const base = before?.time === time ? before : this.candleAt(series, time)
      const close = Number((base.close * (1 + (Math.random() - 0.5) * 0.0008)).toPrecision(6))
      const candle = {
        ...base,
        close,
        high: Math.max(base.high, close),
        low: Math.min(base.low, close),
        volume: Number((base.volume + Math.random()).toFixed(4)),
        closed: false,
        rev: this.#nextRev(),
      }
      this.#live.set(series, candle)
      this.#broadcast(series, candle)
    }
  }

  #heartbeat(): void {
    if (this.mode !== 'half-open') this.raw(`event: heartbeat\ndata: {"server_time":${this.now}}\n\n`)
  }

  #problem(response: ServerResponse, status: number, title: string, detail: string, more = {}): void {
    response.writeHead(status, { 'Content-Type': 'application/problem+json' })
    response.end(JSON.stringify({ type: 'about:blank', title, status, detail, ...more }))
  }

  async #file(path: string, response: ServerResponse): Promise<void> {
    const name = normalize(path === '/' ? '/index.html' : path === '/embed' ? '/embed.html' : path)
    try {
      const content = await readFile(join(DIST, name))
      response.writeHead(200, { 'Content-Type': TYPES[extname(name)] ?? 'application/octet-stream' })
      response.end(this.newWorker && name === '/sw.js' ? renamed(content) : content)
    } catch {
      response.writeHead(404).end()
    }
  }
}

function json(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'Content-Type': 'application/json' })
  response.end(JSON.stringify(body))
}

/** A service worker as the next build would have it: its files are kept under another name. */
function renamed(worker: Buffer): string {
  return worker.toString().replace('candlestream-', 'candlestream-next-')
}

/** Repeatable, in [0, 1). */
function noise(x: number): number {
  const value = Math.sin(x * 12.9898) * 43_758.5453
  return value - Math.floor(value)
}
