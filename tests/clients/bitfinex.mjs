// The exchange's own Node clients as they are, pointed at a server that speaks its dialect. Prints what they got, as one line of JSON.
//   node bitfinex.mjs core|node http://127.0.0.1:8000/bitfinex
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const [which, root] = process.argv.slice(2)
const url = `${root.replace('http', 'ws')}/ws/2`
const key = 'trade:1m:tBTCUSD'
const updates = []
let finished = false
// Once: the exit after the first line would cut a second one short.
const finish = (result) => {
  if (finished) return
  finished = true
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0))
}

if (which === 'core') {
  const { Manager, subscribe } = require('bfx-api-node-core')
  const manager = new Manager({ wsURL: url, transform: true })
  manager.onWS('open', {}, (state) => subscribe(state, 'candles', { key }))
  manager.onWS('error', {}, (error) => finish({ failed: String(error) }))
  manager.onWS('candles', { key }, (candles) => {
    updates.push(candles)
    if (updates.length === 3) finish({ updates: updates.map((u) => [u].flat()) })
  })
  manager.openWS()
} else {
  const { WSv2, RESTv2 } = require('bitfinex-api-node')
  const rest = new RESTv2({ url: root, transform: true })
  const ws = new WSv2({ url, transform: true, manageCandles: true, seqAudit: true, packetWDDelay: 30000 })
  ws.on('error', (error) => finish({ failed: String(error) }))
  ws.onCandle({ key }, (candles) => {
    updates.push(candles)
    if (updates.length !== 3) return
    rest.candles({ timeframe: '1h', symbol: 'tBTCUSD', section: 'hist', query: { limit: 5 } }).then(
      (page) => finish({ updates: updates.slice(0, 3), page }),
      (error) => finish({ failed: String(error) }),
    )
  })
  await ws.open()
  ws.subscribeCandles(key)
}
