import { text } from '../text/text'
import type { Access } from './access'
import { ChartPage } from './chartPage'
import { readEmbedLink } from './embedLink'
import { Signal } from './signal'
import { SIGNED_IN } from './signedIn'
import { symbolName } from './symbolName'

/** Candles the stream starts with: history is asked for by itself. */
const SNAPSHOT = 2

/**
 * The door of a chart in another page: a ticket in the path, or the browser's session where the page is of this server's site.
 * It never asks for a key.
 */
class EmbedAccess implements Access {
  readonly changed = new Signal()
  closed: { word: string; reason: string } | null = null

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const response = await fetch(url, init)
    if (response.status === 401 && this.closed === null) {
      this.closed = { word: text.closed, reason: text.embedClosed }
      this.changed.emit()
    }
    return response
  }
}

/**
 * One chart in somebody else's page. It keeps nothing in the browser, and everything it needs is loaded at its start:
 * a later version cannot break it.
 */
export class EmbedPage extends ChartPage {
  readonly width: number | null
  readonly height: number | null
  /** Stands before the API's paths: nothing, or `/k/TICKET`. */
  #base: string

  constructor() {
    const { settings, width, height, refused } = readEmbedLink(location.search)
    const base = location.pathname.replace(/\/embed\/?$/, '')
    const trouble = refused.map(({ asked, allowed }) => text.embedRefused(asked, allowed)).join(' ')
    super({ base, access: new EmbedAccess(), snapshot: SNAPSHOT, settings, linkTrouble: trouble || null })
    this.width = width
    this.height = height
    this.#base = base
  }

  override start(): void {
    super.start()
    // Signing out, or in, in another tab decides about a chart that lives of the session; a ticket has nothing to do with it.
    const { signal } = this.life
    window.addEventListener('storage', ({ key }) => key === SIGNED_IN && this.#base === '' && location.reload(), {
      signal,
    })
  }

  override name(symbol: string): string {
    return symbolName(symbol, new Map())
  }
}
