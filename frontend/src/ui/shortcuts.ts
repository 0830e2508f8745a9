import type { Page } from '../state/page'
import type { Scale } from '../state/settings'

/** Shown by the help panel, in this order. */
export const SHORTCUTS: readonly (readonly [keys: string, does: string])[] = [
  ['1 – 9', 'timeframe'],
  ['/', 'find symbol'],
  ['+ −', 'zoom'],
  ['← →', 'scroll'],
  ['End', 'go to live'],
  ['R', 'reset view'],
  ['L', 'log scale'],
  ['P', 'percent scale'],
  ['T', 'UTC or local time'],
  ['D', 'dark or light'],
  ['C', 'colour-blind palette'],
  ['?', 'this help'],
]

const SCROLL_BARS = 10
const ZOOM = 1.25

interface Panels {
  search(): void
  help(): void
}

/** Keys are left alone inside inputs and dialogs and with modifiers. */
export function handleKey(event: KeyboardEvent, page: Page, panels: Panels): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
  const target = event.target as HTMLElement
  if (target.closest('dialog, select, textarea, input:not([type=radio])')) return
  // Inside a radio group the arrows belong to it.
  if (event.key.startsWith('Arrow') && target.closest('input[type=radio]')) return
  if (isCharacter(event.key) && !page.settings.shortcuts) return
  const action = actionOf(event.key, page, panels)
  if (action === null) return
  event.preventDefault()
  action()
}

/** Arrows, End and the like have names. */
function isCharacter(key: string): boolean {
  return [...key].length === 1
}

function actionOf(key: string, page: Page, panels: Panels): (() => void) | null {
  const timeframe = /^[1-9]$/.test(key) ? page.timeframes[Number(key) - 1] : undefined
  if (timeframe !== undefined) return () => page.select(page.symbol, timeframe)
  switch (key) {
    case '/':
      return panels.search
    case '?':
      return panels.help
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
      return () => page.chart?.resetView()
    case 'l':
      return () => page.change({ scale: toggled(page, 'log') })
    case 'p':
      return () => page.change({ scale: toggled(page, 'percent') })
    case 't':
      return () => page.change({ timeZone: page.settings.timeZone === 'utc' ? 'local' : 'utc' })
    case 'd':
      return () => page.change({ theme: otherTheme() })
    case 'c':
      return () => page.change({ palette: page.settings.palette === 'classic' ? 'colour-blind' : 'classic' })
  }
  return null
}

/** The scale, or the plain one if it is on already. */
export function toggled(page: Page, scale: Scale): Scale {
  return page.settings.scale === scale ? 'linear' : scale
}

/** The opposite of what is seen now, whatever the system says. */
export function otherTheme(): 'dark' | 'light' {
  return document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark'
}
