import type { MarketSymbol } from '../api/market'

/** `BTC/USD`. The server's list knows where base and quote part; without it only plain six-letter names are cut. */
export function symbolName(symbol: string, known: ReadonlyMap<string, MarketSymbol>): string {
  const listed = known.get(symbol)
  if (listed !== undefined) return `${listed.base}/${listed.quote}`
  if (symbol.includes(':')) return symbol.replace(':', '/')
  return /^[A-Z0-9]{6}$/.test(symbol) ? `${symbol.slice(0, 3)}/${symbol.slice(3)}` : symbol
}

/** Symbols that fit what was typed, the closest first: exact, then beginning, then anywhere. */
export function findSymbols(typed: string, symbols: readonly MarketSymbol[], limit: number): MarketSymbol[] {
  const wanted = typed.toUpperCase().replace(/[^A-Z0-9]/g, '')
  if (wanted === '') return symbols.slice(0, limit)
  const ranked = symbols
    .map((symbol) => ({ symbol, rank: rankOf(wanted, symbol) }))
    .filter(({ rank }) => rank >= 0)
    .sort((a, b) => a.rank - b.rank || a.symbol.symbol.localeCompare(b.symbol.symbol))
  return ranked.slice(0, limit).map(({ symbol }) => symbol)
}

function rankOf(wanted: string, { symbol, base, quote }: MarketSymbol): number {
  const whole = symbol.toUpperCase().replace(/[^A-Z0-9]/g, '')
  if (whole === wanted || base.toUpperCase() === wanted) return quote === 'USD' ? 0 : 1
  if (whole.startsWith(wanted)) return 2
  return whole.includes(wanted) ? 3 : -1
}
