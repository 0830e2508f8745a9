// Every candle as a line of JSON: node watch.mjs BTCUSD:1m ETHUSD:1m; CANDLESTREAM_URL names the server.
import { follow } from 'candle-stream'

const url = process.env.CANDLESTREAM_URL ?? 'http://127.0.0.1:8000'
const onReset = (series) => console.log(JSON.stringify({ reset: series }))
for await (const candle of follow(process.argv.slice(2), { url, onReset, delta: true }))
  console.log(JSON.stringify(candle))
