import type { MarketSymbol } from '../api/market'

/** `BTC/USD`. The server's list knows where base and quote part; without it only plain six-letter names are cut. */
export function symbolName(symbol: string, known: ReadonlyMap<string, MarketSymbol>): string {
  const listed = known.get(symbol)
  if (listed !== undefined) return `${listed.base}/${listed.quote}`
  if (symbol.includes(':')) return symbol.replace(':', '/')
  return /^[A-Z0-9]{6}$/.test(symbol) ? `${symbol.slice(0, 3)}/${symbol.slice(3)}` : symbol
}

/** What besides the letters makes a symbol likely to be meant. */
export interface Liking {
  watched: readonly string[]
  /** Volume of the day in the quote currency, as far as it is known. */
  volume(symbol: string): number
}

/** Symbols that fit what was typed. First how they fit: exact, then beginning, then anywhere; then what most people mean: watched, in dollars, traded much. Derivatives come after what they are derived from. */
export function findSymbols(
  typed: string,
  symbols: readonly MarketSymbol[],
  limit: number,
  { watched, volume }: Liking = { watched: [], volume: () => 0 },
): MarketSymbol[] {
  const wanted = letters(typed)
  const rank = (symbol: MarketSymbol) => [
    rankOf(wanted, symbol),
    isDerivative(symbol) ? 1 : 0,
    watched.includes(symbol.symbol) ? 0 : 1,
    symbol.quote === 'USD' ? 0 : 1,
    -volume(symbol.symbol),
  ]
  return symbols
    .map((symbol) => ({ symbol, rank: rank(symbol) }))
    .filter(({ rank }) => rank[0]! >= 0)
    .sort((a, b) => compare(a.rank, b.rank) || a.symbol.symbol.localeCompare(b.symbol.symbol))
    .slice(0, limit)
    .map(({ symbol }) => symbol)
}

/** The listed symbol whose letters are the same; null where there is none, or more than one. */
export function listedSymbol(text: string, symbols: readonly MarketSymbol[]): string | null {
  const wanted = letters(text)
  const meant = symbols.filter(({ symbol }) => letters(symbol) === wanted)
  return meant.length === 1 ? meant[0]!.symbol : null
}

function letters(text: string): string {
  return text.toUpperCase().replace(/[^A-Z0-9]/g, '')
}

/** Bitfinex writes F0 behind both sides of a perpetual, and TEST before those of its paper market. */
function isDerivative({ base, quote }: MarketSymbol): boolean {
  return (base.endsWith('F0') && quote.endsWith('F0')) || base.startsWith('TEST')
}

function compare(a: readonly number[], b: readonly number[]): number {
  const index = a.findIndex((value, at) => value !== b[at])
  return index < 0 ? 0 : a[index]! - b[index]!
}

function rankOf(wanted: string, { symbol, base, quote }: MarketSymbol): number {
  if (wanted === '') return 0
  const whole = letters(symbol)
  if (whole === wanted || (base.toUpperCase() === wanted && quote === 'USD')) return 0
  if (base.toUpperCase() === wanted) return 1
  if (whole.startsWith(wanted)) return 2
  return whole.includes(wanted) ? 3 : -1
}
