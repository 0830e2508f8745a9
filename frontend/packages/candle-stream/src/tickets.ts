import type { Environment, EventSourceLike, SourceEvent } from './environment.js'
import { fetchJson } from './rest.js'

/** A ticket is not used in the last part of its life: the stream would be refused on its way. */
const SPARE_MS = 30_000

type Open = NonNullable<Environment['openEventSource']>

/**
 * Opens streams with tickets: EventSource cannot send a key, so the key buys a ticket for the same query. A ticket is good for some
 * minutes of reconnects; then, or when a stream is refused, the next one is bought.
 */
export class Tickets {
  #env: Pick<Environment, 'fetch'>
  #open: Open
  #held: { query: string; ticket: string; until: number } | null = null

  /** `env` sends the key with every request. */
  constructor(env: Pick<Environment, 'fetch'>, open: Open) {
    this.#env = env
    this.#open = open
  }

  open(url: string): EventSourceLike {
    return new TicketedEventSource(
      () => this.#ticketFor(url),
      (ticket) => this.#open(`${url}&ticket=${encodeURIComponent(ticket)}`),
      () => {
        this.#held = null
      },
    )
  }

  async #ticketFor(url: string): Promise<string> {
    const [path, search] = url.split('?') as [string, string]
    const query = new URLSearchParams(search)
    // Where to resume differs each time, and is no part of what a ticket is for.
    query.delete('last_event_id')
    const text = query.toString()
    if (this.#held?.query === text && Date.now() < this.#held.until) return this.#held.ticket
    const { ticket, expires_in_ms } = await fetchJson(this.#env, `${path}/ticket?${text}`, { method: 'POST' })
    if (typeof ticket !== 'string') throw new Error('the server gave no ticket')
    const lifeMs = typeof expires_in_ms === 'number' ? expires_in_ms : 0
    this.#held = { query: text, ticket, until: Date.now() + lifeMs - SPARE_MS }
    return ticket
  }
}

/** An EventSource that is opened as soon as there is a ticket. */
class TicketedEventSource implements EventSourceLike {
  #source: EventSourceLike | null = null
  #listeners: [string, (event: SourceEvent) => void][] = []
  #closed = false

  constructor(buy: () => Promise<string>, open: (ticket: string) => EventSourceLike, refused: () => void) {
    let opened = false
    this.addEventListener('open', () => {
      opened = true
    })
    this.addEventListener('error', () => opened || refused())
    buy().then(
      (ticket) => this.#attach(open(ticket)),
      (failure) => this.#fail(failure instanceof Error ? failure : new Error(String(failure))),
    )
  }

  get readyState(): number {
    return this.#closed ? 2 : (this.#source?.readyState ?? 0)
  }

  addEventListener(type: string, listener: (event: SourceEvent) => void): void {
    this.#listeners.push([type, listener])
    this.#source?.addEventListener(type, listener)
  }

  close(): void {
    this.#closed = true
    this.#source?.close()
  }

  #attach(source: EventSourceLike): void {
    if (this.#closed) return source.close()
    this.#source = source
    for (const [type, listener] of this.#listeners) source.addEventListener(type, listener)
  }

  #fail(failure: Error): void {
    if (this.#closed) return
    for (const [type, listener] of this.#listeners) if (type === 'error') listener({ failure })
  }
}
