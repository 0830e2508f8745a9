/** The colours a canvas needs; the style sheet is their only source. */
export interface ChartColours {
  /** Of indicators and compared symbols, in the order in which they are given out. */
  ink: readonly string[]
  background: string
  grid: string
  line: string
  text: string
  muted: string
  crosshair: string
  raised: string
  up: string
  down: string
  upVolume: string
  downVolume: string
  upTag: string
  downTag: string
  onTag: string
  gap: string
  note: string
  /** Colours are the system's few: rising candles are hollow, falling ones filled. */
  forced: boolean
}

/** Reads the colours in force from the style sheet's variables. */
export function readColours(): ChartColours {
  const forced = matchMedia('(forced-colors: active)').matches
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string) => {
    const value = style.getPropertyValue(`--${name}`).trim() || '#888888'
    return forced ? resolved(value) : value
  }
  return {
    ink: ['i1', 'i2', 'i3', 'i4', 'i5', 'i6'].map(colour),
    background: colour('background'),
    grid: colour('grid'),
    line: colour('line'),
    text: colour('text'),
    muted: colour('muted'),
    crosshair: colour('crosshair'),
    raised: colour('selected'),
    up: colour('up'),
    down: colour('down'),
    upVolume: colour('up-volume'),
    downVolume: colour('down-volume'),
    upTag: colour('up-tag'),
    downTag: colour('down-tag'),
    onTag: colour('on-tag'),
    gap: colour('gap'),
    note: colour('note'),
    forced,
  }
}

/** The system's colours have names, which a canvas is not sure to know. */
function resolved(name: string): string {
  const probe = document.createElement('i')
  probe.style.setProperty('forced-color-adjust', 'none')
  probe.style.color = name
  document.body.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
