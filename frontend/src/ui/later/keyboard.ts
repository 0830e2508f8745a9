import { readTimeframe } from '../../state/address'
import type { Page } from '../../state/page'
import { toggled } from '../../state/settings'
import { panelText } from '../../text/panelText'

/** Digits that follow each other within this are one number. */
export const TYPING_MS = 700
const SCROLL_BARS = 10
const ZOOM = 1.25

export interface Panels {
  /** Opens the search, with what was typed already. */
  search(typed: string): void
  help(): void
}

/** The keys of the page. They are left alone inside inputs and dialogs and with modifiers. */
export class Keyboard {
  #page: Page
  #panels: Panels
  #digits = ''
  #pause: ReturnType<typeof setTimeout> | null = null

  constructor(page: Page, panels: Panels) {
    this.#page = page
    this.#panels = panels
  }

  dispose(): void {
    this.#takeDigits()
  }

  readonly handle = (event: KeyboardEvent): void => {
    const { key } = event
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
    const target = event.target as HTMLElement
    if (target.closest('dialog, select, textarea, input:not([type=radio]), [popover]')) return
    // Inside a radio group that the keyboard has entered the arrows belong to it.
    if (key.startsWith('Arrow') && target.closest('input[type=radio]')) return
    if (isCharacter(key) && !this.#page.settings.shortcuts) return
    const action = this.#actionOf(key)
    if (action === null) return
    event.preventDefault()
    action()
  }

  #actionOf(key: string): (() => void) | null {
    const page = this.#page
    if (/^\d$/.test(key)) return () => this.#type(key)
    if (key === 'Enter' && this.#digits !== '') return () => this.#choose()
    switch (key) {
      case '/':
        return () => this.#panels.search('')
      case '?':
        return this.#panels.help
      case '+':
      case '=':
        return () => page.chart?.zoom(ZOOM)
      case '-':
        return () => page.chart?.zoom(1 / ZOOM)
      case 'ArrowLeft':
        return () => page.chart?.scroll(-SCROLL_BARS)
      case 'ArrowRight':
        return () => page.chart?.scroll(SCROLL_BARS)
      case 'End':
        return () => void page.goLive()
    }
    switch (key.toLowerCase()) {
      case 'r':
        return () => page.resetView()
      case 'l':
        return () => page.change({ scale: toggled(page.settings.scale, 'log') })
      case 'p':
        return () => page.change({ scale: toggled(page.settings.scale, 'percent') })
      case 't':
        return () => page.change({ timeZone: page.settings.timeZone === 'utc' ? 'local' : 'utc' })
      case 'd':
        return () => page.change({ theme: otherTheme() })
      case 'c':
        return () => page.change({ palette: page.settings.palette === 'classic' ? 'colour-blind' : 'classic' })
      case 'g':
        return () => document.getElementById('go-to-date')?.showPopover()
      case 'w':
        return () => page.change({ rail: !page.settings.rail })
    }
    // Any other letter begins the name of a symbol.
    return /^\p{L}$/u.test(key) ? () => this.#panels.search(key) : null
  }

  #type(digit: string): void {
    this.#digits = (this.#digits + digit).slice(0, 5)
    if (this.#pause !== null) clearTimeout(this.#pause)
    this.#pause = setTimeout(() => this.#choose(), TYPING_MS)
  }

  /** A single digit is the n-th timeframe, a number one of so many minutes. */
  #choose(): void {
    const digits = this.#takeDigits()
    const { timeframes, symbol } = this.#page
    const timeframe = digits.length === 1 ? timeframes[Number(digits) - 1] : readTimeframe(digits, timeframes)
    if (timeframe !== undefined && timeframe !== null) this.#page.select(symbol, timeframe)
    else if (digits.length > 1) this.#page.say(panelText.typedTimeframe(Number(digits)))
  }

  #takeDigits(): string {
    const digits = this.#digits
    if (this.#pause !== null) clearTimeout(this.#pause)
    this.#pause = null
    this.#digits = ''
    return digits
  }
}

/** Arrows, End and the like have names. */
function isCharacter(key: string): boolean {
  return [...key].length === 1
}

/** The opposite of what is seen now, whatever the system says. */
function otherTheme(): 'dark' | 'light' {
  return document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark'
}
