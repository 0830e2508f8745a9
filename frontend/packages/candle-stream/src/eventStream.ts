import { DeltaBook } from './deltaBook.js'
import type { EventSourceLike } from './environment.js'
import { EVENT_NAMES, type EventName, readEvent, type ServerEvent } from './protocol.js'
import { WrongServer } from './rest.js'
import type { DropReason } from './types.js'

/** Assumed until `hello` says otherwise. */
export const DEFAULT_HEARTBEAT_MS = 15_000

/** A server says hello at once; a connection that has said nothing for this long leads nowhere. */
const FIRST_WORD_MS = 15_000

const UNREADABLE = 'its stream says nothing that this version can read'

/** Who is told what one stream says and how it ends. */
export interface StreamListener {
  event(event: Exclude<ServerEvent, { kind: 'delta' }>, id: number | null): void
  /** `failure`: what is known of the reason. */
  ended(reason: DropReason, failure: Error | null): void
}

/** The silence after which a stream counts as dead: two missed heartbeats and some slack. */
export function silenceLimitMs(heartbeatMs: number): number {
  return heartbeatMs * 2 + 5000
}

/** One connection, one life, no retries: opens, speaks, ends once. */
export class EventStream {
  #source: EventSourceLike | null
  #listener: StreamListener
  #deltas = new DeltaBook()
  #heartbeatMs = DEFAULT_HEARTBEAT_MS
  #heardAt = Date.now()
  #opened = false
  #heardAnything = false
  #heardNonsense = false
  #watchdog: ReturnType<typeof setTimeout>

  constructor(open: () => EventSourceLike, listener: StreamListener) {
    this.#listener = listener
    const source = open()
    this.#source = source
    for (const name of EVENT_NAMES) {
      source.addEventListener(name, (event) => this.#hear(name, event.data ?? '', event.lastEventId ?? ''))
    }
    source.addEventListener('open', () => {
      this.#opened = true
      this.#heardAt = Date.now()
    })
    // EventSource retries by itself for some failures and never for others; ending it always gives one behaviour.
    source.addEventListener('error', ({ failure }) => this.#end(this.#opened ? 'dropped' : 'refused', failure))
    this.#watchdog = setTimeout(this.#watch, this.#limitMs)
  }

  get heardAt(): number {
    return this.#heardAt
  }

  get heartbeatMs(): number {
    return this.#heartbeatMs
  }

  get #limitMs(): number {
    return this.#heardAnything ? silenceLimitMs(this.#heartbeatMs) : FIRST_WORD_MS
  }

  /** Ends the stream if it has been silent for too long: timers of a sleeping page do not run, so waking up asks here. */
  endIfSilent(): void {
    if (Date.now() - this.#heardAt < this.#limitMs) return
    if (this.#heardNonsense && !this.#heardAnything) this.#end('garbled', new WrongServer(UNREADABLE))
    else this.#end('silent')
  }

  /** Closes without a word to the listener. */
  close(): void {
    clearTimeout(this.#watchdog)
    this.#source?.close()
    this.#source = null
  }

  #hear(name: EventName, data: string, lastEventId: string): void {
    if (this.#source === null) return
    const event = readEvent(name, data, Date.now())
    // What cannot be read is a later version's, or cut, and keeps the stream alive; but not one of which nothing was read yet.
    if (event !== null) this.#heardAnything = true
    else if (!this.#heardAnything) {
      this.#heardNonsense = true
      return
    }
    this.#heardAt = Date.now()
    if (event === null) return
    const id = readId(lastEventId)
    if (event.kind === 'hello') {
      this.#heartbeatMs = event.heartbeatMs
      this.#rearm()
    }
    if (event.kind === 'candle') this.#deltas.remember(event.series, event.candle)
    if (event.kind === 'delta') {
      const candle = this.#deltas.apply(event)
      if (candle === null) this.#end('garbled')
      else this.#listener.event({ kind: 'candle', series: event.series, candle }, id)
      return
    }
    this.#listener.event(event, id)
    if (event.kind === 'bye') this.#end('bye')
  }

  #watch = (): void => {
    this.endIfSilent()
    if (this.#source !== null) this.#rearm()
  }

  #rearm(): void {
    clearTimeout(this.#watchdog)
    const remaining = this.#heardAt + this.#limitMs - Date.now()
    this.#watchdog = setTimeout(this.#watch, Math.max(remaining, 0))
  }

  #end(reason: DropReason, failure: Error | null = null): void {
    if (this.#source === null) return
    this.close()
    this.#listener.ended(reason, failure)
  }
}

function readId(text: string): number | null {
  const id = Number(text)
  return text !== '' && Number.isSafeInteger(id) && id >= 0 ? id : null
}
