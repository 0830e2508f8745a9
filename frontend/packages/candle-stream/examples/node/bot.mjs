// A bot's skeleton: the average of the last closes, and a word whenever the price closes on the other side of it.
//   node bot.mjs [SERIES]     CANDLESTREAM_URL names the server, CANDLESTREAM_API_KEY a key
import { follow } from 'candle-stream'

const url = process.env.CANDLESTREAM_URL ?? 'http://127.0.0.1:8000'
const apiKey = process.env.CANDLESTREAM_API_KEY
const series = process.argv[2] ?? 'BTCUSD:1m'
const LENGTH = 20

/** Closed candles by time: a correction replaces its candle. */
const closes = new Map()
let wasAbove = null

const onReset = () => closes.clear()
const options = { url, history: LENGTH * 3, onReset, ...(apiKey && { apiKey }) }
for await (const candle of follow(series, options)) {
  if (!candle.closed) continue
  closes.set(candle.time, candle.close)
  const last = [...closes.keys()].sort((a, b) => a - b).slice(-LENGTH)
  const average = last.reduce((sum, time) => sum + closes.get(time), 0) / last.length
  const isAbove = candle.close > average
  const crossed = wasAbove !== null && isAbove !== wasAbove
  wasAbove = isAbove
  console.log(
    new Date(candle.time).toISOString(),
    candle.close,
    average.toFixed(2),
    crossed ? (isAbove ? 'crossed up' : 'crossed down') : '',
  )
}
