import type { ChannelLike, Environment, EventSourceLike, LocksLike, PageChange } from '../src/index.js'

/** An EventSource driven by the test. */
export class FakeEventSource implements EventSourceLike {
  readyState = 0
  readonly url: string
  #listeners = new Map<string, ((event: { data?: string; lastEventId?: string }) => void)[]>()

  constructor(url: string) {
    this.url = url
  }

  get query(): URLSearchParams {
    return new URLSearchParams(this.url.split('?')[1])
  }

  get closed(): boolean {
    return this.readyState === 2
  }

  addEventListener(type: string, listener: (event: { data?: string; lastEventId?: string }) => void): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener])
  }

  close(): void {
    this.readyState = 2
  }

  open(): void {
    this.readyState = 1
    this.#emit('open', {})
  }

  fail(): void {
    this.#emit('error', {})
  }

  say(event: string, data: unknown, id = ''): void {
    const text = typeof data === 'string' ? data : JSON.stringify(data)
    this.#emit(event, { data: text, lastEventId: id })
  }

  /** The opening of a healthy stream, up to the seam. */
  greet(asof: number, how: 'fresh' | 'resumed' | 'reset' = 'fresh', snapshot: Record<string, unknown[]> = {}): void {
    this.open()
    const series = this.query.getAll('series')
    this.say('hello', { server_time: Date.now(), heartbeat_ms: 15_000, series, simulated: false })
    for (const name of series) this.say('status', { series: name, state: 'live', connected: true, gaps: [] })
    for (const [name, candles] of Object.entries(snapshot)) this.say('snapshot', { series: name, candles })
    this.say('synced', { asof, series: Object.fromEntries(series.map((name) => [name, how])) }, String(asof))
  }

  #emit(type: string, event: { data?: string; lastEventId?: string }): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event)
  }
}

export function candle(time: number, rev: number, more: object = {}) {
  return { time, open: 1, high: 2, low: 0.5, close: 1.5, volume: 10, closed: false, rev, ...more }
}

/** An answer of `GET /candles`. */
export function page(candles: unknown[], more: object = {}) {
  return { candles, asof: 1000, gaps: [], ...more }
}

export function problem(status: number, detail: string): Response {
  const headers = { 'Content-Type': 'application/problem+json' }
  return Response.json({ title: 'X', detail }, { status, headers })
}

/** Everything around a client, in the hands of the test. */
export class FakeWorld {
  sources: FakeEventSource[] = []
  requests: string[] = []
  hidden = false
  random = 0
  answer: (url: URL) => unknown = () => null
  #watchers = new Set<(change: PageChange) => void>()

  get environment(): Environment {
    return {
      openEventSource: (url) => {
        const source = new FakeEventSource(url)
        this.sources.push(source)
        return source
      },
      fetch: (url) => this.#fetch(url),
      random: () => this.random,
      page: {
        isHidden: () => this.hidden,
        watch: (listener) => {
          this.#watchers.add(listener)
          return () => this.#watchers.delete(listener)
        },
      },
      locks: null,
      openChannel: null,
    }
  }

  get source(): FakeEventSource {
    return this.sources.at(-1)!
  }

  get openStreams(): number {
    return this.sources.filter((source) => !source.closed).length
  }

  get watchers(): number {
    return this.#watchers.size
  }

  change(change: PageChange): void {
    for (const watcher of [...this.#watchers]) watcher(change)
  }

  /** What the server's routes answer. */
  serve(answers: Record<string, unknown>): void {
    this.answer = (url) => {
      const found = Object.entries(answers).find(([path]) => url.pathname === path)?.[1]
      return typeof found === 'function' ? found(url) : (found ?? null)
    }
  }

  async #fetch(url: string): Promise<Response> {
    this.requests.push(url)
    const body = this.answer(new URL(url, 'http://test'))
    if (body instanceof Response) return body
    if (body === null) throw new TypeError('Failed to fetch')
    return Response.json(body)
  }
}

/** Web Locks among the tabs of a test: exclusive, queued, stealable. */
export class FakeLocks implements LocksLike {
  #held = new Map<string, { reject: (error: Error) => void }>()
  #queue: { name: string; grant: () => void }[] = []

  request(name: string, options: { steal?: boolean; signal?: AbortSignal }, hold: () => Promise<unknown>) {
    return new Promise<unknown>((resolve, reject) => {
      const entry = { name, grant: () => {} }
      entry.grant = () => {
        const holder = { reject }
        this.#held.set(name, holder)
        const release = () => {
          if (this.#held.get(name) !== holder) return
          this.#held.delete(name)
          this.#grantNext(name)
        }
        hold().then(
          (value) => {
            release()
            resolve(value)
          },
          (error) => {
            release()
            reject(error)
          },
        )
      }
      options.signal?.addEventListener('abort', () => {
        this.#queue = this.#queue.filter((other) => other !== entry)
        reject(new Error('aborted'))
      })
      const holder = this.#held.get(name)
      if (options.steal === true && holder !== undefined) {
        this.#held.delete(name)
        holder.reject(new Error('stolen'))
      }
      if (this.#held.has(name)) this.#queue.push(entry)
      else entry.grant()
    })
  }

  #grantNext(name: string): void {
    const next = this.#queue.find((entry) => entry.name === name)
    if (next === undefined) return
    this.#queue = this.#queue.filter((entry) => entry !== next)
    next.grant()
  }
}

/** BroadcastChannel among the tabs of a test: everybody but the sender hears, at once. */
export class FakeChannels {
  #open = new Set<{ name: string; channel: ChannelLike; frozen: boolean }>()

  open = (name: string): ChannelLike => {
    const entry = { name, frozen: false, channel: null as unknown as ChannelLike }
    entry.channel = {
      onmessage: null,
      postMessage: (message) => {
        if (entry.frozen) return
        const copy = structuredClone(message)
        for (const other of [...this.#open]) {
          if (other !== entry && other.name === name && !other.frozen) other.channel.onmessage?.({ data: copy })
        }
      },
      close: () => this.#open.delete(entry),
    }
    this.#open.add(entry)
    return entry.channel
  }

  /** From now on the first `count` channels neither speak nor hear: their tabs are frozen. */
  freeze(count: number): void {
    for (const entry of [...this.#open].slice(0, count)) entry.frozen = true
  }
}
