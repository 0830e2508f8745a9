import type { Environment, EventSourceLike, SourceEvent } from './environment.js'
import { readProblem, wrongServer } from './rest.js'

type Listener = (event: SourceEvent) => void

/**
 * Reads a stream with `fetch`, where there is no EventSource, as in Node. One connection, no retries; `failure` of its error says what
 * went wrong.
 */
export class FetchEventSource implements EventSourceLike {
  readyState = 0
  #listeners = new Map<string, Listener[]>()
  #life = new AbortController()

  constructor(env: Pick<Environment, 'fetch'>, url: string) {
    void this.#read(env, url)
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener])
  }

  close(): void {
    this.readyState = 2
    this.#life.abort()
  }

  async #read(env: Pick<Environment, 'fetch'>, url: string): Promise<void> {
    let failure: Error | null = null
    try {
      const headers = { Accept: 'text/event-stream' }
      const response = await env.fetch(url, { signal: this.#life.signal, headers })
      if (!response.ok) throw readProblem(response, await response.json().catch(() => null))
      if (!response.headers.get('Content-Type')?.startsWith('text/event-stream')) throw wrongServer(response)
      this.readyState = 1
      this.#emit('open', {})
      const parser = new SseParser((type, event) => this.#emit(type, event))
      const decoder = new TextDecoder()
      const body = response.body!.getReader()
      for (;;) {
        const { done, value } = await body.read()
        if (done || this.#isClosed) break
        parser.feed(decoder.decode(value, { stream: true }))
      }
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error))
    }
    if (this.#isClosed) return
    this.close()
    for (const listener of this.#listeners.get('error') ?? []) listener(failure === null ? {} : { failure })
  }

  get #isClosed(): boolean {
    return this.readyState === 2
  }

  #emit(type: string, event: SourceEvent): void {
    if (this.#isClosed) return
    for (const listener of this.#listeners.get(type) ?? []) listener(event)
  }
}

/** Events out of the text of a stream, however it is cut. */
export class SseParser {
  #emit: (type: string, event: { data: string; lastEventId: string }) => void
  #rest = ''
  #type = ''
  #data: string[] = []
  #lastEventId = ''

  constructor(emit: (type: string, event: { data: string; lastEventId: string }) => void) {
    this.#emit = emit
  }

  feed(text: string): void {
    const all = this.#rest + text
    // A carriage return at the end may be half of a line end.
    const whole = all.endsWith('\r') ? all.slice(0, -1) : all
    const lines = whole.split(/\r\n|\n|\r/)
    this.#rest = lines.pop()! + all.slice(whole.length)
    for (const line of lines) this.#take(line)
  }

  #take(line: string): void {
    if (line === '') return this.#dispatch()
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'data') this.#data.push(value)
    if (field === 'event') this.#type = value
    if (field === 'id') this.#lastEventId = value
  }

  #dispatch(): void {
    const [type, data] = [this.#type || 'message', this.#data]
    this.#type = ''
    this.#data = []
    if (data.length > 0) this.#emit(type, { data: data.join('\n'), lastEventId: this.#lastEventId })
  }
}
