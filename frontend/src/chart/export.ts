import type { Candle } from '../api/candleStream'

/** Bars as CSV with a header line; times in ISO 8601 UTC. */
export function toCsv(bars: readonly Candle[]): string {
  const lines = bars.map((bar) => {
    const { open, high, low, close, volume, closed } = bar
    return [new Date(bar.time).toISOString(), open, high, low, close, volume, closed].join(',')
  })
  return ['time,open,high,low,close,volume,closed', ...lines, ''].join('\n')
}

/** Offers a file to the user. */
export function download(name: string, content: Blob): void {
  const address = URL.createObjectURL(content)
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  // The browser reads the address after this turn.
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
