import { HttpProblem, readProblem } from '../api/candleStream'
import { takeEarly } from '../early'
import { text } from '../text/text'
import type { Access } from './access'
import { forgetEverything } from './keepsake'
import { Signal } from './signal'
import { SIGNED_IN } from './signedIn'

const ROUTE = '/session'

/**
 * Who this browser is to the server. A key is sent once and kept nowhere: what remains is a cookie that scripts cannot read.
 * Signing in or out begins the page anew, in every tab.
 */
export class Session implements Access {
  readonly changed = new Signal()
  #locked = false
  #left = false
  #life = new AbortController()

  constructor() {
    window.addEventListener('storage', (event) => this.#noticeOtherTab(event), { signal: this.#life.signal })
  }

  /** The server wants a key and has got none, or not any more. */
  get locked(): boolean {
    return this.#locked
  }

  get closed(): Access['closed'] {
    return this.#locked ? { word: text.keyNeeded, reason: text.keyNeededMeans } : null
  }

  /** Signed out a moment ago: nothing of this visit may be kept any more. */
  get left(): boolean {
    return this.#left
  }

  /** There is something to sign out of. */
  get signedIn(): boolean {
    return !this.#locked && readMark() !== null
  }

  /** The browser's `fetch`, or what it has asked already, with an eye on answers that ask for a key. */
  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const response = await (takeEarly(url) ?? fetch(url, init))
    if (response.status === 401 && !this.#locked) {
      this.#locked = true
      this.changed.emit()
    }
    return response
  }

  /** Returns what went wrong, in a sentence; null where the page is about to begin anew. */
  async signIn(key: string): Promise<string | null> {
    // What is no header's text cannot be sent, and is no key.
    if (!/^[\x21-\x7e]+$/.test(key)) return text.notAKey
    try {
      const response = await fetch(ROUTE, { method: 'POST', headers: { 'X-API-Key': key } })
      if (response.status === 401) return text.unknownKey
      if (!response.ok) throw readProblem(response, await response.json().catch(() => null))
    } catch (failure) {
      return failure instanceof HttpProblem ? failure.message : text.unreachable
    }
    writeMark(String(Date.now()))
    location.reload()
    return null
  }

  /** Returns what went wrong, in a sentence: the cookie is still there then, and signed in is what this browser remains. */
  async signOut(): Promise<string | null> {
    try {
      const response = await fetch(ROUTE, { method: 'DELETE' })
      if (!response.ok) throw readProblem(response, await response.json().catch(() => null))
    } catch (failure) {
      return text.stillSignedIn(failure instanceof HttpProblem ? failure.message : text.unreachable)
    }
    writeMark(null)
    this.#left = true
    await forgetEverything()
    location.reload()
    return null
  }

  stop(): void {
    this.#life.abort()
  }

  #noticeOtherTab({ key, newValue }: StorageEvent): void {
    if (key === SIGNED_IN && (newValue !== null) === this.#locked) location.reload()
  }
}

function readMark(): string | null {
  try {
    return localStorage.getItem(SIGNED_IN)
  } catch {
    return null
  }
}

function writeMark(mark: string | null): void {
  try {
    if (mark === null) localStorage.removeItem(SIGNED_IN)
    else localStorage.setItem(SIGNED_IN, mark)
  } catch {
    // Storage may be forbidden: then the page offers no way to sign out, and other tabs find out by themselves.
  }
}
