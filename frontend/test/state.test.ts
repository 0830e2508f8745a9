import { describe, expect, test } from 'vitest'
import type { MarketSymbol } from '../src/api/market'
import { DEFAULTS, MAX_WATCHED, readAddress, readSettings } from '../src/state/settings'
import { findSymbols, symbolName } from '../src/state/symbolName'

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

describe('a deep link', () => {
  test('wins over what was remembered', () => {
    expect(readAddress('?symbol=ETHUSD&timeframe=5m', DEFAULTS)).toEqual({ symbol: 'ETHUSD', timeframe: '5m' })
    expect(readAddress('', DEFAULTS)).toEqual({ symbol: 'BTCUSD', timeframe: '1m' })
  })

  test('with a timeframe that does not exist keeps the remembered one; a month is not a minute', () => {
    expect(readAddress('?timeframe=7m', DEFAULTS).timeframe).toBe('1m')
    expect(readAddress('?timeframe=1M', DEFAULTS).timeframe).toBe('1M')
  })
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
})
