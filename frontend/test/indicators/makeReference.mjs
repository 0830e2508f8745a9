// Makes reference.json: what other people's libraries say of the candles of candles.mjs. They are no dependencies of the page:
//   npm install --no-save technicalindicators@3.1.0 indicatorts@2.2.2 @debut/indicators@1.4.2
//   node test/indicators/makeReference.mjs > test/indicators/reference.json && npm ci
import { createRequire } from 'node:module'
import { candles } from './candles.mjs'

const require = createRequire(`${process.cwd()}/`)
const one = require('technicalindicators')
const two = require('indicatorts')
const three = require('@debut/indicators')

const BARS = 1000
const KEPT = 25
const bars = candles(BARS)
const column = (name) => bars.map((bar) => bar[name])
const [high, low, close, volume] = ['high', 'low', 'close', 'volume'].map(column)
const input = { high, low, close, volume, values: close }
/** The newest values of an answer whose last entry belongs to the last candle. */
const kept = (rows) => rows.slice(-KEPT).map((row) => (typeof row === 'number' ? [row] : row))
const named = (rows, ...names) => kept(rows.map((row) => names.map((name) => row[name])))

const gain = one.averagegain({ values: close, period: 14 })
const loss = one.averageloss({ values: close, period: 14 })
const [upper, lower] = [two.mmax(high, { period: 20 }), two.mmin(low, { period: 20 })]
const supertrend = new three.SuperTrend(10, 3, 'RMA')

const reference = {
  SMA: kept(one.sma({ values: close, period: 20 })),
  EMA: kept(one.ema({ values: close, period: 50 })),
  WMA: kept(one.wma({ values: close, period: 20 })),
  VWAP: kept(one.vwap(input)),
  BB: named(one.bollingerbands({ values: close, period: 20, stdDev: 2 }), 'upper', 'middle', 'lower'),
  KC: named(
    one.keltnerchannels({ ...input, maPeriod: 20, atrPeriod: 10, useSMA: false, multiplier: 2 }),
    'upper',
    'middle',
    'lower',
  ),
  DC: kept(upper.map((top, i) => [top, (top + lower[i]) / 2, lower[i]])),
  RSI: kept(gain.map((up, i) => [100 - 100 / (1 + up / loss[i])])),
  MACD: named(
    one.macd({
      values: close,
      fastPeriod: 12,
      slowPeriod: 26,
      signalPeriod: 9,
      SimpleMAOscillator: false,
      SimpleMASignal: false,
    }),
    'MACD',
    'signal',
    'histogram',
  ),
  STOCH: named(one.stochastic({ ...input, period: 14, signalPeriod: 3 }), 'k', 'd'),
  ATR: kept(one.atr({ ...input, period: 14 })),
  OBV: kept(one.obv(input)),
  ICHIMOKU: named(
    one.ichimokucloud({ ...input, conversionPeriod: 9, basePeriod: 26, spanPeriod: 52, displacement: 26 }),
    'conversion',
    'base',
    'spanA',
    'spanB',
  ),
  SUPERTREND: kept(bars.map((bar) => supertrend.nextValue(bar.high, bar.low, bar.close)?.superTrend ?? 0)),
  ADX: named(one.adx({ ...input, period: 14 }), 'adx', 'pdi', 'mdi'),
}
process.stdout.write(`${JSON.stringify({ bars: BARS, values: reference })}\n`)
