import type { Page } from '../../state/page'
import { Signal } from '../../state/signal'

type Parts = typeof import('../tools')
type Tools = import('../tools').Tools

const RETRY_MS = 2000

/** What is put on the chart besides candles; its code is loaded when it is used, or when it was there on an earlier visit. */
export class Toolbox {
  readonly changed = new Signal()
  parts: Parts | null = null
  tools: Tools | null = null
  /** The dialog of indicators: closed, or open with one to edit. */
  open: { edit: number | null } | null = null
  #page: Page
  #loading: Promise<void> | null = null

  constructor(page: Page) {
    this.#page = page
  }

  /** Loads it where somebody has used it before. */
  recall(): void {
    try {
      const keys = ['candlestream.layout', 'candlestream.drawings']
      if (keys.some((key) => localStorage.getItem(key) !== null)) void this.load()
    } catch {
      // Storage may be forbidden; then there is nothing to recall.
    }
  }

  showIndicators(edit: number | null = null): void {
    this.open = { edit }
    void this.load()
    this.changed.emit()
  }

  readonly close = (): void => {
    this.open = null
    this.changed.emit()
  }

  /** Without a server it is asked for again and again; who asks meanwhile waits for the same. */
  load(): Promise<void> {
    this.#loading ??= this.#load()
    return this.#loading
  }

  async #load(): Promise<void> {
    while (this.parts === null) {
      try {
        this.parts = await import('../tools')
      } catch {
        await new Promise((done) => setTimeout(done, RETRY_MS))
      }
    }
    this.tools = new this.parts.Tools(this.#page)
    this.changed.emit()
  }
}

const boxes = new WeakMap<Page, Toolbox>()

export function toolboxOf(page: Page): Toolbox {
  const box = boxes.get(page) ?? new Toolbox(page)
  boxes.set(page, box)
  return box
}
