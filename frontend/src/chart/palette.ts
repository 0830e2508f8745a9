/** The colours a canvas needs; the style sheet is their only source. */
export interface ChartColours {
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
  onCandle: string
  gap: string
  note: string
}

/** Reads the colours in force from the style sheet's variables. */
export function readColours(): ChartColours {
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim() || '#888888'
  return {
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
    onCandle: colour('on-candle'),
    gap: colour('gap'),
    note: colour('note'),
  }
}
