import { describe, expect, test } from 'vitest'
import type { MarketSymbol } from '../src/api/market'
import { isSymbol, readAddress, readSymbol, readTimeframe } from '../src/state/address'
import { DEFAULTS, MAX_WATCHED, readSettings } from '../src/state/settings'
import { findSymbols, listedSymbol, symbolName } from '../src/state/symbolName'

describe('settings of this browser', () => {
  test.each([
    null,
    '',
    '{',
    '[]',
    '"x"',
    'null',
    '{"theme":7,"shortcuts":"no","watch":"BTCUSD","timeframe":"1y","symbol":{}}',
  ])('corrupted, they become the defaults: %s', (text) => expect(readSettings(text)).toEqual(DEFAULTS))

  test('good fields survive beside bad ones', () => {
    const stored = { shortcuts: false, theme: 'light', palette: 'pink', timeframe: '1h', watch: ['ETHUSD', 5, '<b>'] }
    expect(readSettings(JSON.stringify(stored))).toEqual({
      ...DEFAULTS,
      theme: 'light',
      shortcuts: false,
      timeframe: '1h',
      watch: ['ETHUSD'],
    })
  })

  test('a watchlist without end is cut', () => {
    const watch = Array.from({ length: 500 }, (_, index) => `COIN${index}USD`)
    expect(readSettings(JSON.stringify({ watch })).watch).toHaveLength(MAX_WATCHED)
  })
})

const at = (search: string, hash = '') => ({ search, hash })

describe('a deep link', () => {
  test('names what it asks for that this version does not know, marks of campaigns aside', () => {
    const { unknown } = readAddress(at('?symbol=ETHUSD&layout=4&utm_source=x&ref=y', '#v9:abc'), DEFAULTS)
    expect(unknown).toEqual(['layout', '#v9:abc'])
    expect(readAddress(at('?symbol=ETHUSD&timeframe=5m', '#'), DEFAULTS).unknown).toEqual([])
  })

  test('wins over what was remembered', () => {
    expect(readAddress(at('?symbol=ETHUSD&timeframe=5m'), DEFAULTS)).toEqual({
      symbol: 'ETHUSD',
      timeframe: '5m',
      missed: null,
      unknown: [],
    })
    expect(readAddress(at(''), DEFAULTS)).toEqual({ symbol: 'BTCUSD', timeframe: '1m', missed: null, unknown: [] })
  })

  test('with a timeframe that is not offered shows the nearest one and says so; a month is not a minute', () => {
    expect(readAddress(at('?timeframe=7m'), DEFAULTS)).toMatchObject({ timeframe: '5m', missed: '7m' })
    expect(readAddress(at('?timeframe=4h'), DEFAULTS)).toMatchObject({ timeframe: '3h', missed: '4h' })
    expect(readAddress(at('?timeframe=rubbish'), DEFAULTS)).toMatchObject({ timeframe: '1m', missed: 'rubbish' })
    expect(readAddress(at('?timeframe=1M'), DEFAULTS)).toMatchObject({ timeframe: '1M', missed: null })
    expect(readAddress(at('?timeframe=1m'), DEFAULTS)).toMatchObject({ timeframe: '1m', missed: null })
  })

  test.each([
    ['1d', '1D'],
    ['1H', '1h'],
    ['60', '1h'],
    ['15', '15m'],
    ['1440', '1D'],
    ['1w', '1W'],
    ['4h', null],
    ['7', null],
    ['', null],
  ])('timeframe %s, as other pages write it, is %s', (asked, timeframe) => {
    expect(readTimeframe(asked, ['1m', '15m', '1h', '1D', '1W', '1M'])).toBe(timeframe)
  })

  test.each([
    ['btcusd', 'BTCUSD'],
    ['BTC/USD', 'BTCUSD'],
    ['tBTCUSD', 'BTCUSD'],
    ['btc-usd', 'BTCUSD'],
    ['DOGE/USD', 'DOGE:USD'],
    ['tBTCF0:USTF0', 'BTCF0:USTF0'],
    ['TRXUSD', 'TRXUSD'],
    ['kraken:btc/usd', 'KRAKEN:BTC/USD'],
    ['BINANCE:BTCUSDT', 'BINANCE:BTCUSDT'],
  ])('symbol %s, as other pages write it, is %s, and may be one', (text, symbol) => {
    expect(readSymbol(text)).toBe(symbol)
    expect(isSymbol(symbol)).toBe(true)
  })

  test.each(['BTC/USD', 'KRAKEN:/USD', 'KRAKEN:BTC/', 'KRAKEN:BTC/USD/EUR', 'A/B:C'])(
    '%s cannot be a symbol',
    (text) => {
      expect(isSymbol(text)).toBe(false)
    },
  )
})

describe('symbols', () => {
  const list: MarketSymbol[] = [
    { symbol: 'BTCEUR', base: 'BTC', quote: 'EUR' },
    { symbol: 'BTCUSD', base: 'BTC', quote: 'USD' },
    { symbol: 'DOGE:USD', base: 'DOGE', quote: 'USD' },
    { symbol: 'WBTUSD', base: 'WBT', quote: 'USD' },
    { symbol: 'ETHBTC', base: 'ETH', quote: 'BTC' },
  ]
  const known = new Map(list.map((item) => [item.symbol, item]))

  test('are parted as the server says', () => {
    expect(symbolName('DOGE:USD', known)).toBe('DOGE/USD')
    expect(symbolName('BTCUSD', new Map())).toBe('BTC/USD')
    expect(symbolName('TESTBTC:TESTUSD', new Map())).toBe('TESTBTC/TESTUSD')
    expect(symbolName('LOAD000USD', new Map())).toBe('LOAD000USD')
  })

  test('are found by what was typed, the closest first', () => {
    expect(findSymbols('btc', list, 9).map(({ symbol }) => symbol)).toEqual(['BTCUSD', 'BTCEUR', 'ETHBTC'])
    expect(findSymbols('doge/usd', list, 9).map(({ symbol }) => symbol)).toEqual(['DOGE:USD'])
    expect(findSymbols('', list, 2)).toHaveLength(2)
    expect(findSymbols('zzz', list, 9)).toEqual([])
  })

  test('of those that fit equally well, spot comes before derivatives, then watched, dollars and volume count', () => {
    const more: MarketSymbol[] = [
      { symbol: 'BTCF0:USTF0', base: 'BTCF0', quote: 'USTF0' },
      { symbol: 'BABUSD', base: 'BAB', quote: 'USD' },
      ...list,
    ]
    const first = (typed: string, watched: string[] = [], volumes: Record<string, number> = {}) =>
      findSymbols(typed, more, 1, { watched, volume: (symbol) => volumes[symbol] ?? 0 })[0]?.symbol
    expect(first('b', [], { BTCUSD: 5 })).toBe('BTCUSD')
    expect(first('b', ['BABUSD'], { BTCUSD: 5 })).toBe('BABUSD')
    expect(first('b', ['BTCF0:USTF0'])).not.toBe('BTCF0:USTF0')
    expect(first('btcf0')).toBe('BTCF0:USTF0')
    expect(first('btc')).toBe('BTCUSD')
  })

  test('that a link writes without their colon are found in the list, unless several could be meant', () => {
    expect(listedSymbol('DOGEUSD', list)).toBe('DOGE:USD')
    expect(listedSymbol('NOPE', list)).toBeNull()
    expect(
      listedSymbol('AB', [...list, { symbol: 'A:B', base: 'A', quote: 'B' }, { symbol: 'AB', base: 'AB', quote: '' }]),
    ).toBeNull()
  })
})
