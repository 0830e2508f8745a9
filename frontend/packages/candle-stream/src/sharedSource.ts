import type { ChannelLike, Environment, LocksLike } from './environment.js'
import { silenceLimitMs } from './eventStream.js'
import { HANDED_OVER, SeriesBook } from './seriesBook.js'
import type { CandleSource, SourceListener, Wanted } from './source.js'
import { TAB_PROTOCOL, type TabMessage } from './tabMessages.js'
import type { ConnectionStatus, Refusal, SeriesState } from './types.js'

/** What the leading tab knows of one series. */
interface SeriesRecord {
  book: SeriesBook
  state: SeriesState | null
  refusal: Refusal | null
}

/**
 * One stream for all tabs. Whoever holds the lock leads: it runs the engine for the union of what all tabs want and broadcasts what comes.
 * A tab that hears nothing for the time-out takes the lock by force: the leader may be frozen.
 */
export class SharedSource implements CandleSource {
  #locks: LocksLike
  #openChannel: (name: string) => ChannelLike
  #name: string
  #makeEngine: (listener: SourceListener) => CandleSource
  #listener: SourceListener
  #idleStatus: ConnectionStatus
  #random: () => number

  #tab = ''
  #releaseTab: (() => void) | null = null
  #channel: ChannelLike | null = null
  #wanted: Wanted = new Map()
  #engine: CandleSource | null = null
  #release: (() => void) | null = null
  #waitingForLock: AbortController | null = null
  /** Only while leading: what the other tabs want, and what was streamed. */
  #others = new Map<string, Wanted>()
  #records = new Map<string, SeriesRecord>()
  /** Only while leading: the other tabs, told over the channel. */
  #followers: SourceListener = {
    candles: (series, candles) => this.#tell({ kind: 'candles', series, candles }),
    reset: (series, candles) => this.#tell({ kind: 'reset', series, candles }),
    state: (series, state) => this.#tell({ kind: 'state', series, state }),
    refused: (series, refusal) => this.#tell({ kind: 'refused', series, refusal }),
    // The engine reports while it is being built or stopped, too.
    changed: () => this.#engine !== null && this.#tell({ kind: 'status', status: this.status }),
  }
  /** Only while following: the leader's last words. */
  #leaderStatus: ConnectionStatus | null = null
  #leaderHeardAt = 0
  #lastEventId: number | null = null
  #heardSeries = new Set<string>()
  #watchdog: ReturnType<typeof setTimeout> | null = null

  constructor(
    locks: LocksLike,
    openChannel: NonNullable<Environment['openChannel']>,
    name: string,
    random: () => number,
    makeEngine: (listener: SourceListener) => CandleSource,
    listener: SourceListener,
  ) {
    this.#locks = locks
    this.#openChannel = openChannel
    this.#name = `candle-stream.${TAB_PROTOCOL}:${name}`
    this.#random = random
    this.#makeEngine = makeEngine
    this.#listener = listener
    this.#idleStatus = makeEngine({ ...listener, changed() {} }).status
    this.resume()
  }

  get status(): ConnectionStatus {
    if (this.#engine !== null) return { ...this.#engine.status, role: 'leader' }
    return { ...(this.#leaderStatus ?? { ...this.#idleStatus, phase: 'connecting' }), role: 'follower' }
  }

  /** True while some other tab depends on this one. */
  get hasFollowers(): boolean {
    return this.#engine !== null && this.#others.size > 0
  }

  want(series: Wanted): void {
    const before = this.#wanted
    this.#wanted = series
    if (this.#engine === null) return this.#tell({ kind: 'want', tab: this.#tab, series: [...series] })
    this.#leadWanted()
    for (const name of series.keys()) if (!before.has(name)) this.#handOver(name, this.#listener)
  }

  wake(): void {
    if (this.#engine !== null) this.#engine.wake()
    else this.#watch()
  }

  reconnect(): void {
    if (this.#engine !== null) this.#engine.reconnect()
    else this.#tell({ kind: 'reconnect' })
  }

  pause(): void {
    this.#tell({ kind: 'gone', tab: this.#tab })
    this.#waitingForLock?.abort()
    this.#waitingForLock = null
    this.#stopLeading()
    if (this.#watchdog !== null) clearTimeout(this.#watchdog)
    this.#watchdog = null
    this.#channel?.close()
    this.#channel = null
    this.#leaderStatus = null
    this.#heardSeries.clear()
    this.#releaseTab?.()
    this.#releaseTab = null
  }

  resume(): void {
    if (this.#channel !== null) return
    this.#channel = this.#openChannel(this.#name)
    this.#channel.onmessage = (event) => this.#hear(event.data as TabMessage)
    this.#holdTabLock()
    this.#follow()
  }

  stop(): void {
    this.pause()
  }

  #follow(): void {
    this.#leaderHeardAt = Date.now()
    this.#tell({ kind: 'want', tab: this.#tab, series: [...this.#wanted] })
    this.#requestLock(false)
    this.#watch()
  }

  #requestLock(steal: boolean): void {
    this.#waitingForLock?.abort()
    const waiting = new AbortController()
    this.#waitingForLock = waiting
    const held = () =>
      new Promise<void>((release) => {
        if (waiting.signal.aborted) return release()
        this.#lead(release)
      })
    // The two options exclude each other: a theft does not wait, so there is nothing to abort.
    const options = steal ? { steal: true } : { signal: waiting.signal }
    this.#locks.request(this.#name, options, held).catch(() => {
      // Aborted by ourselves, or another tab took the lock because we were silent: then follow it.
      if (this.#waitingForLock !== waiting || this.#channel === null) return
      this.#stopLeading()
      this.#follow()
    })
  }

  #lead(release: () => void): void {
    this.#release = release
    this.#others.clear()
    this.#records.clear()
    if (this.#watchdog !== null) clearTimeout(this.#watchdog)
    this.#engine = this.#makeEngine(this.#forward())
    this.#wanted = this.#resumeWanted()
    this.#tell({ kind: 'lead' })
    this.#leadWanted()
    this.#listener.changed()
  }

  /** What the former leader streamed to us need not be sent again: resume from its last id. */
  #resumeWanted(): Wanted {
    const last = this.#lastEventId
    const heard = (series: string) => last !== null && this.#heardSeries.has(series)
    return new Map([...this.#wanted].map(([series, since]) => [series, heard(series) ? last : since]))
  }

  #stopLeading(): void {
    const engine = this.#engine
    // From here on the engine's words are not the leader's any more.
    this.#engine = null
    engine?.stop()
    this.#release?.()
    this.#release = null
    this.#others.clear()
  }

  /** The union of all wishes, each series from the oldest rev anybody needs. */
  #leadWanted(): void {
    const union = new Map(this.#wanted)
    for (const other of this.#others.values()) {
      for (const [series, since] of other) {
        const known = union.get(series) ?? null
        union.set(series, known === null || since === null ? (known ?? since) : Math.min(known, since))
      }
    }
    for (const series of this.#records.keys()) if (!union.has(series)) this.#records.delete(series)
    this.#engine?.want(union)
  }

  /** Every tab holds a lock of its own for as long as it lives, under a new name each time it comes back. */
  #holdTabLock(): void {
    this.#tab = this.#random().toString(36).slice(2)
    const hold = () =>
      new Promise<void>((release) => {
        this.#releaseTab = release
      })
    this.#locks.request(`${this.#name}#${this.#tab}`, {}, hold).catch(() => undefined)
  }

  /** Gets a tab's own lock when the tab has died: no timer is needed to notice. */
  #guard(tab: string): void {
    this.#locks.request(`${this.#name}#${tab}`, {}, async () => this.#dropTab(tab)).catch(() => undefined)
  }

  #dropTab(tab: string): void {
    if (this.#others.delete(tab)) this.#leadWanted()
  }

  #hear(message: TabMessage): void {
    if (this.#engine !== null) this.#hearFollower(message)
    else this.#hearLeader(message)
  }

  #hearFollower(message: TabMessage): void {
    switch (message.kind) {
      case 'want': {
        const before = this.#others.get(message.tab)
        this.#others.set(message.tab, new Map(message.series))
        if (before === undefined) this.#guard(message.tab)
        this.#leadWanted()
        this.#tell({ kind: 'status', status: this.status })
        for (const [series] of message.series) if (!before?.has(series)) this.#handOver(series, this.#followers)
        break
      }
      case 'gone':
        this.#dropTab(message.tab)
        break
      case 'reconnect':
        this.#engine?.reconnect()
        break
    }
  }

  /** What the stream has brought of a series before this tab or another one wanted it. */
  #handOver(series: string, to: SourceListener): void {
    const record = this.#records.get(series)
    if (record === undefined) return
    to.candles(series, record.book.newest(HANDED_OVER))
    if (record.state !== null) to.state(series, record.state)
    if (record.refusal !== null) to.refused(series, record.refusal)
  }

  #hearLeader(message: TabMessage): void {
    if (message.kind !== 'want' && message.kind !== 'gone') this.#leaderHeardAt = Date.now()
    switch (message.kind) {
      case 'lead':
        this.#tell({ kind: 'want', tab: this.#tab, series: [...this.#wanted] })
        break
      case 'candles':
        this.#heardSeries.add(message.series)
        if (this.#leaderStatus?.phase === 'open') {
          this.#leaderStatus = { ...this.#leaderStatus, lastMessageAt: this.#leaderHeardAt }
        }
        this.#listener.candles(message.series, message.candles)
        break
      case 'reset':
        this.#listener.reset(message.series, message.candles)
        break
      case 'state':
        this.#listener.state(message.series, message.state)
        break
      case 'refused':
        this.#listener.refused(message.series, message.refusal)
        break
      case 'status':
        this.#leaderStatus = message.status
        this.#lastEventId = message.status.lastEventId ?? this.#lastEventId
        this.#listener.changed()
        break
    }
  }

  /** The engine's words, kept for tabs that come later, told here and to the others. */
  #forward(): SourceListener {
    // Copying every candle for tabs that do not exist would cost more than drawing it.
    const told = () => (this.#others.size > 0 ? [this.#listener, this.#followers] : [this.#listener])
    return {
      candles: (series, candles) => {
        this.#record(series).book.accept(candles)
        for (const to of told()) to.candles(series, candles)
      },
      reset: (series, candles) => {
        const { book } = this.#record(series)
        book.clear()
        book.accept(candles)
        for (const to of told()) to.reset(series, candles)
      },
      state: (series, state) => {
        const record = this.#record(series)
        record.state = state
        record.refusal = null
        for (const to of told()) to.state(series, state)
      },
      refused: (series, refusal) => {
        this.#record(series).refusal = refusal
        for (const to of told()) to.refused(series, refusal)
      },
      changed: () => {
        for (const to of told()) to.changed()
      },
    }
  }

  #record(series: string): SeriesRecord {
    let record = this.#records.get(series)
    if (record === undefined) {
      record = { book: new SeriesBook(), state: null, refusal: null }
      this.#records.set(series, record)
    }
    return record
  }

  #tell(message: TabMessage): void {
    this.#channel?.postMessage(message)
  }

  #watch = (): void => {
    if (this.#watchdog !== null) clearTimeout(this.#watchdog)
    if (this.#channel === null || this.#engine !== null) return
    const limit = silenceLimitMs(this.#leaderStatus?.heartbeatMs ?? this.#idleStatus.heartbeatMs)
    const remaining = this.#leaderHeardAt + limit - Date.now()
    if (remaining <= 0) this.#requestLock(true)
    else this.#watchdog = setTimeout(this.#watch, remaining)
  }
}
