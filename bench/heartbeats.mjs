#!/usr/bin/env node
// How far apart are the heartbeats of a stream? One line a heartbeat: when the server says it wrote it, and when it came here, each since the one before, in ms.
//   node bench/heartbeats.mjs [URL] [--series BTCUSD:1m] [--count 20] [--within 100]
// The exit code is 1 where one of the server's intervals is off the interval that hello names by more than --within.
import http from 'node:http'
import https from 'node:https'
import { parseArgs } from 'node:util'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { series: { type: 'string', default: 'BTCUSD:1m' }, count: { type: 'string', default: '20' }, within: { type: 'string', default: '100' } },
})
const url = new URL(`/candles/stream?series=${options.series}&snapshot=0&max_rate=0`, positionals[0] ?? 'http://127.0.0.1:8000')
const [count, within] = [Number(options.count), Number(options.within)]
const intervals = []
let every, last

;(url.protocol === 'https:' ? https : http)
  .get(url, { headers: { Accept: 'text/event-stream', ...(process.env.API_KEY && { 'X-API-Key': process.env.API_KEY }) } }, answer => {
    if (answer.statusCode !== 200) stop(`the answer is ${answer.statusCode}`)
    let rest = ''
    answer.setEncoding('utf8').on('data', part => {
      const events = (rest + part).split('\n\n')
      rest = events.pop()
      for (const event of events) take(event)
    })
    answer.on('close', () => stop('the stream ended'))
  })
  .on('error', failure => stop(failure.message))

function take(event) {
  const type = /^event: (.*)$/m.exec(event)?.[1]
  if (type !== 'hello' && type !== 'heartbeat') return
  const data = JSON.parse(/^data: (.*)$/m.exec(event)[1])
  if (type === 'hello') return void (every = data.heartbeat_ms)
  const beat = { server: data.server_time, here: performance.now() }
  if (last) {
    intervals.push(beat.server - last.server)
    console.log(`${intervals.length}: ${beat.server - last.server} at the server, ${(beat.here - last.here).toFixed(0)} here`)
  }
  last = beat
  if (intervals.length === count) finish()
}

function finish() {
  const off = intervals.map(interval => Math.abs(interval - every))
  console.log(`${count} intervals of ${every} ms: ${Math.min(...intervals)} to ${Math.max(...intervals)} ms, at most ${Math.max(...off)} ms off`)
  process.exit(Math.max(...off) <= within ? 0 : 1)
}

function stop(reason) {
  console.error(`heartbeats: ${reason}`)
  process.exit(2)
}
