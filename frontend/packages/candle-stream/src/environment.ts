/** What an event carries; `failure` says why a stream ended, where that can be known: a browser's EventSource does not tell. */
export interface SourceEvent {
  data?: string
  lastEventId?: string
  failure?: Error
}

/** The part of the browser's EventSource this client uses. */
export interface EventSourceLike {
  addEventListener(type: string, listener: (event: SourceEvent) => void): void
  close(): void
  readonly readyState: number
}

/** The part of the Web Locks API used to agree on one stream for all tabs. */
export interface LocksLike {
  request(
    name: string,
    options: { steal?: boolean; signal?: AbortSignal },
    hold: () => Promise<unknown>,
  ): Promise<unknown>
}

/** The part of BroadcastChannel used to hand candles to the other tabs. */
export interface ChannelLike {
  postMessage(message: unknown): void
  onmessage: ((event: { data: unknown }) => void) | null
  close(): void
}

/** What the page tells about itself. */
export interface PageLike {
  isHidden(): boolean
  /** Calls back on every change to act upon; returns the way to stop listening. */
  watch(listener: (change: PageChange) => void): () => void
}

/** `online` is a hint to try at once. Its opposite says nothing: a stream on loopback or a VPN may well live on. */
export type PageChange = 'visible' | 'put-away' | 'brought-back' | 'online'

/** Everything the client takes from its surroundings; tests replace parts of it. */
export interface Environment {
  /** Absent where EventSource does not exist or is blocked: the client polls. */
  openEventSource: ((url: string) => EventSourceLike) | null
  fetch(url: string, init: RequestInit & { signal: AbortSignal }): Promise<Response>
  random(): number
  page: PageLike | null
  locks: LocksLike | null
  openChannel: ((name: string) => ChannelLike) | null
}

/** The browser, feature by feature. Nothing is touched before this is called. */
export function browserEnvironment(): Environment {
  const inBrowser = typeof document !== 'undefined'
  return {
    openEventSource: typeof EventSource === 'undefined' ? null : (url) => new EventSource(url),
    fetch: (url, init) => fetch(url, init),
    random: Math.random,
    page: inBrowser ? browserPage() : null,
    // Locks exist in secure contexts only (https or localhost); without them every tab holds its own stream.
    locks: inBrowser && 'locks' in navigator && navigator.locks ? (navigator.locks as LocksLike) : null,
    openChannel:
      inBrowser && typeof BroadcastChannel !== 'undefined' ? (name) => new BroadcastChannel(name) as ChannelLike : null,
  }
}

function browserPage(): PageLike {
  return {
    isHidden: () => document.visibilityState === 'hidden',
    watch(listener) {
      const listening = new AbortController()
      const { signal } = listening
      document.addEventListener(
        'visibilitychange',
        () => document.visibilityState === 'visible' && listener('visible'),
        { signal },
      )
      window.addEventListener('pagehide', () => listener('put-away'), { signal })
      window.addEventListener('pageshow', (event) => event.persisted && listener('brought-back'), { signal })
      document.addEventListener('resume', () => listener('visible'), { signal })
      window.addEventListener('online', () => listener('online'), { signal })
      return () => listening.abort()
    },
  }
}
