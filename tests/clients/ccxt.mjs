// ccxt as it is, pointed at a server that speaks Bitfinex' dialect. Prints what it got, as one line of JSON.
//   node ccxt.mjs http://127.0.0.1:8000/bitfinex SINCE_MS
import ccxt from 'ccxt'

const [root, since] = process.argv.slice(2)
const exchange = new ccxt.pro.bitfinex({ enableRateLimit: false, newUpdates: true })
exchange.urls.api.public = root
exchange.urls.api.ws.public = `${root.replace('http', 'ws')}/ws/2`
// A plain ws:// address needs this first.
await exchange.loadHttpProxyAgent()
const result = {}
try {
  const markets = await exchange.loadMarkets()
  result.symbols = Object.keys(markets)
  result.pages = []
  for (let from = Number(since), i = 0; i < 3; i++) {
    const page = await exchange.fetchOHLCV('BTC/USD', '1h', from, 50)
    result.pages.push(page)
    from = page.at(-1)[0] + 1
  }

  result.newest = await exchange.fetchOHLCV('BTC/USD', '1m')
  result.watched = []
  for (let i = 0; i < 3; i++) result.watched.push((await exchange.watchOHLCV('BTC/USD', '1m')).at(-1))
} catch (error) {
  result.failed = `${error.constructor.name}: ${error.message}`
}

await exchange.close()
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0))
