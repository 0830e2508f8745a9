import { expect, test } from 'vitest'
import { readEmbedLink } from '../src/state/embedLink'

test('without parameters it is the first series in the look of the system, as large as its frame', () => {
  const { settings, width, height, refused } = readEmbedLink('')
  expect(settings).toMatchObject({
    symbol: 'BTCUSD',
    timeframe: '1m',
    theme: 'system',
    palette: 'classic',
    timeZone: 'utc',
  })
  expect([width, height, refused]).toEqual([null, null, []])
})

test('a series is read as the page reads it', () => {
  const series = (text: string) => {
    const { settings, refused } = readEmbedLink(`?series=${encodeURIComponent(text)}`)
    return [settings.symbol, settings.timeframe, refused.length]
  }
  expect(series('DUSK:USD:1h')).toEqual(['DUSK:USD', '1h', 0])
  expect(series('eth/usd:60')).toEqual(['ETHUSD', '1h', 0])
  expect(series('BTCUSD:1M')).toEqual(['BTCUSD', '1M', 0])
  expect(series('BTCUSD:4h')).toEqual(['BTCUSD', '3h', 1])
  expect(series('BTCUSD')).toEqual(['BTCUSD', '1m', 1])
})

test.each([
  'theme=purple',
  'palette=',
  'zone=Mars/Phobos',
  'scale=LOG',
  'width=0',
  'height=4001',
  'width=1e3',
  'them=dark',
])('%s is refused by name and the rest is shown', (asked) => {
  const { settings, width, refused } = readEmbedLink(`?series=ETHUSD:5m&${asked}`)
  expect(settings).toMatchObject({ symbol: 'ETHUSD', timeframe: '5m', theme: 'system', scale: 'linear' })
  expect(width).toBeNull()
  expect(refused.map((one) => one.asked)).toEqual([asked])
})
