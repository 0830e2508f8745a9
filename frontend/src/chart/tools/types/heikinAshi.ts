import type { Indicator } from '../indicators/indicator'

/** Each bar's open is the middle of the body before, so it remembers half as much with every bar: after so many nothing shows (1e-9). */
const MEMORY = 50

/** Heikin-Ashi bars as an indicator with four lines: it starts anew after a gap as every indicator does. */
export const HEIKIN_ASHI: Indicator = {
  id: 'HEIKIN',
  name: 'Heikin-Ashi',
  title: 'Heikin-Ashi',
  group: 'average',
  pane: 'price',
  parameters: [],
  lines: ['open', 'high', 'low', 'close'].map((name) => ({ name, style: 'line' })),
  reads: 'prices',
  window: () => 1,
  memory: () => MEMORY,
  make: () => {
    let before: { open: number; close: number } | null = null
    let last: { open: number; close: number } | null = null
    return (candle, replace) => {
      if (!replace) before = last
      const close = (candle.open + candle.high + candle.low + candle.close) / 4
      const open = before === null ? (candle.open + candle.close) / 2 : (before.open + before.close) / 2
      last = { open, close }
      return [open, Math.max(candle.high, open, close), Math.min(candle.low, open, close), close]
    }
  },
}
