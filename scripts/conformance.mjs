#!/usr/bin/env node
// Does a server speak the CandleStream protocol (docs/protocol.md)? One line a check, a summary, and an exit code that is not 0 when a check failed.
//   node scripts/conformance.mjs [URL] [--series BTCUSD:1m] [--key KEY] [--wait SECONDS]
// Needs Node.js 18 or newer and nothing else. The key may also be in the environment as API_KEY. The series should be a busy one: where nothing changes
// within the wait (30 s), the checks of live events are skipped, and the last line says so.
import http from 'node:http'
import https from 'node:https'
import { parseArgs } from 'node:util'

const { values: options, positionals } = readArguments()
const root = new URL(positionals[0] ?? 'http://127.0.0.1:8000')
const series = options.series
const [symbol, timeframe] = [series.slice(0, series.lastIndexOf(':')), series.slice(series.lastIndexOf(':') + 1)]
const sibling = `${symbol}:${timeframe === '5m' ? '15m' : '5m'}`
const key = options.key ?? process.env.API_KEY
const waitMs = Number(options.wait) * 1000
const history = `/candles?symbol=${encodeURIComponent(symbol)}&timeframe=${timeframe}`
// What a network, or a busy machine, may add to a wait that the server promises.
const graceMs = 5_000
const states = ['connecting', 'live', 'reconnecting', 'polling', 'down']
const fields = ['time', 'open', 'high', 'low', 'close', 'volume', 'closed', 'rev']
const counts = { ok: 0, FAIL: 0, skip: 0 }
const streams = []

console.log(`checking ${root.href.replace(/\/$/, '')}, ${series}`)
try {
  await ask('/health/live')
} catch (failure) {
  console.error(`cannot be reached: ${failure.message || failure.code}`)
  process.exit(2)
}
await checkStart()
await checkLive()
await untilHeld()
await checkResume()
await checkRefusals()
await checkHistory()
if (key) await checkKeys()
for (const stream of streams) stream.close()
console.log(`\n${counts.ok} passed, ${counts.FAIL} failed, ${counts.skip} skipped`)
process.exit(counts.FAIL === 0 ? 0 : 1)

async function checkStart() {
  const stream = await open(`series=${series}&series=${sibling}&series=${series}&snapshot=3`)
  await stream.until(() => stream.synced, 10_000)
  const before = stream.events.slice(0, stream.events.indexOf(stream.synced))
  await check('an event stream that nothing holds back', () => {
    equal(stream.status, 200, 'status')
    match(stream.headers['content-type'], /^text\/event-stream\b/, 'Content-Type')
    for (const word of ['no-cache', 'no-transform']) match(stream.headers['cache-control'], new RegExp(`\\b${word}\\b`), 'Cache-Control')
    equal(stream.headers['x-accel-buffering'], 'no', 'X-Accel-Buffering')
    equal(stream.headers['content-encoding'], undefined, 'Content-Encoding')
  })
  await check('retry comes first, 2000 ms ± 25 %', () => {
    assert(stream.retries.length > 0 && stream.retries[0].before === 0, 'no retry before the first event')
    assert(stream.retries[0].ms >= 1500 && stream.retries[0].ms <= 2500, `retry is ${stream.retries[0].ms}`)
  })
  await check('hello is the first event and lists each series once', () => {
    const { type, data } = stream.events[0] ?? {}
    equal(type, 'hello', 'first event')
    equal(JSON.stringify([...data.series].sort()), JSON.stringify([series, sibling].sort()), 'series')
    assert(Number.isInteger(data.server_time) && data.heartbeat_ms > 0 && typeof data.simulated === 'boolean', JSON.stringify(data))
  })
  await check('a status for each series before its candles', () => {
    for (const name of [series, sibling]) {
      const told = before.findIndex(e => e.type === 'status' && e.data.series === name)
      assert(told > 0 && told < before.findIndex(e => e.type === 'snapshot'), `none for ${name}`)
      const { state, connected, gaps } = before[told].data
      assert(states.includes(state) && connected === (state === 'live') && Array.isArray(gaps), JSON.stringify(before[told].data))
    }
  })
  await check('one snapshot a series, as long as asked for at most, whole candles, oldest first', () => {
    for (const name of [series, sibling]) {
      const snapshots = before.filter(e => e.type === 'snapshot' && e.data.series === name)
      equal(snapshots.length, 1, `snapshots of ${name}`)
      const { candles } = snapshots[0].data
      assert(candles.length <= 3, `${candles.length} candles`)
      for (const candle of candles) isCandle(candle)
      assert(candles.every((c, i) => i === 0 || c.time > candles[i - 1].time), 'not in order of time')
    }
  })
  await check('synced is the seam, with an id, asof, every series fresh, and no id before it', () => {
    assert(stream.synced, 'no synced')
    equal(stream.synced.id, String(stream.synced.data.asof), 'id')
    for (const name of [series, sibling]) equal(stream.synced.data.series[name], 'fresh', name)
    equal(before.find(e => e.id !== null), undefined, 'event with an id before synced')
  })
  stream.close()
  await check('snapshot=0 sends none', async () => {
    const bare = await open(`series=${series}&snapshot=0`)
    await bare.until(() => bare.synced, 10_000)
    assert(bare.synced, 'no synced')
    equal(bare.events.filter(e => e.type === 'snapshot').length, 0, 'snapshots')
    bare.close()
  })
  await check('HEAD answers the headers of GET', async () => {
    const head = await ask(`/candles/stream?series=${series}`, { method: 'HEAD' })
    equal(head.status, 200, 'status')
    match(head.headers['content-type'], /^text\/event-stream\b/, 'Content-Type')
  })
}

async function checkLive() {
  const [plain, delta, closed] = [await open(`series=${series}`), await open(`series=${series}&delta=1`), await open(`series=${series}&max_rate=0`)]
  await plain.until(() => plain.synced, 10_000)
  const heartbeatMs = plain.events[0]?.data?.heartbeat_ms ?? 15_000
  await Promise.all([plain.until(() => plain.live.length > 5, waitMs), delta.until(() => delta.live.length > 5, waitMs)])
  await plain.until(() => plain.events.some(e => e.type === 'heartbeat'), heartbeatMs + graceMs)
  const isQuiet = plain.synced && plain.live.length < 2
  await check('a heartbeat with the time, as often as hello says', () => {
    const beat = plain.events.find(e => e.type === 'heartbeat')
    assert(beat && Number.isInteger(beat.data.server_time), `none within ${heartbeatMs + graceMs} ms`)
  })
  await check('live candles are whole, named by series, with their rev as id', () => {
    if (isQuiet) return 'nothing changed'
    assert(plain.live.length > 0, 'no candle')
    for (const { id, data } of plain.live) {
      equal(`${data.symbol}:${data.timeframe}`, series, 'series')
      equal(id, String(data.rev), 'id')
      isCandle(data)
    }
  })
  await check('ids rise from the seam on', () => {
    if (isQuiet) return 'nothing changed'
    risesFromSeam(plain)
  })
  await check('deltas build on what was sent before, and end as the whole candles do', () => {
    if (isQuiet) return 'nothing changed'
    risesFromSeam(delta)
    const held = new Map()
    const whole = new Map(plain.live.map(e => [e.data.rev, e.data]))
    for (const { type, data } of delta.live) {
      const { series: _, symbol: __, timeframe: ___, base, ...changes } = data
      if (type === 'delta') equal(held.get(data.time)?.rev, base, 'rev of the base')
      const candle = type === 'delta' ? { ...held.get(data.time), ...changes } : changes
      held.set(data.time, candle)
      for (const field of whole.has(data.rev) ? fields : []) equal(candle[field], whole.get(data.rev)[field], `${field} of rev ${data.rev}`)
    }
  })
  await check('max_rate=0 sends closed candles only', () => {
    assert(closed.synced, 'no synced')
    equal(closed.live.find(e => !e.data.closed), undefined, 'forming candle')
  })
  for (const stream of [plain, delta, closed]) stream.close()
}

/** A server need not know what was before it first followed the series, and a resume reaches 10 s back: one that has just begun gets that time. */
async function untilHeld() {
  for (const since = Date.now(); Date.now() - since < 11_000; await new Promise(done => setTimeout(done, 500))) {
    const { asof } = (await ask(`${history}&limit=1`)).json
    const probe = await open(`series=${series}`, { 'Last-Event-ID': String(asof) })
    await probe.until(() => probe.synced, 10_000)
    probe.close()
    if (probe.synced?.data.series?.[series] !== 'reset') return
  }
}

async function checkResume() {
  const witness = await open(`series=${series}`)
  const cut = await open(`series=${series}`)
  await cut.until(() => cut.live.length > 2, waitMs)
  cut.close()
  const id = cut.live.at(-1)?.id ?? cut.synced?.id
  await witness.until(() => witness.live.filter(e => Number(e.id) > Number(id)).length > 2, waitMs)
  await check('Last-Event-ID resumes without a hole', async () => {
    const back = await open(`series=${series}`, { 'Last-Event-ID': id })
    await back.until(() => back.synced, 10_000)
    equal(back.synced?.data.series[series], 'resumed', 'series')
    equal(back.events.find(e => e.type === 'snapshot'), undefined, 'snapshot that nobody asked for')
    const missed = back.events.slice(0, back.events.indexOf(back.synced)).filter(e => e.type === 'message')
    equal(missed.find(e => e.id !== null), undefined, 'event with an id before synced')
    assert(missed.every((e, i) => i === 0 || e.data.time > missed[i - 1].data.time), 'a missed candle comes twice, or not in order of time')
    const seam = Number(back.synced.id)
    await witness.until(() => Number(witness.live.at(-1)?.id) >= seam, graceMs)
    for (const { data } of witness.live.filter(e => e.data.rev > Number(id) && e.data.rev <= seam))
      assert(missed.some(e => e.data.time === data.time && e.data.rev >= data.rev), `rev ${data.rev} of candle ${data.time} is missing`)
    await back.until(() => back.live.length > 2, graceMs)
    risesFromSeam(back)
    back.close()
  })
  await check('last_event_id does the same in the query, and the header comes first', async () => {
    for (const [header, query, mode] of [[undefined, id, 'resumed'], [id, 'nonsense', 'resumed'], ['nonsense', id, 'reset']]) {
      const back = await open(`series=${series}&last_event_id=${query}`, header ? { 'Last-Event-ID': header } : {})
      await back.until(() => back.synced, 10_000)
      equal(back.synced?.data.series[series], mode, `header ${header}, query ${query}`)
      back.close()
    }
  })
  for (const garbage of ['abc', '-1', '0', '1.5', '99999999999999999999999', '9000000000000000000', "'; drop table"]) {
    await check(`a garbage id (${garbage}) is a reset with a long snapshot, never an error`, async () => {
      const exist = (await ask(`${history}&limit=500`)).json.candles.length
      const anew = await open(`series=${series}`, { 'Last-Event-ID': garbage })
      await anew.until(() => anew.synced, 10_000)
      equal(anew.status, 200, 'status')
      equal(anew.synced?.data.series[series], 'reset', 'series')
      const sent = anew.events.find(e => e.type === 'snapshot')?.data.candles.length ?? 0
      assert(sent >= Math.min(500, exist) - 1, `${sent} candles, ${exist} exist`)
      anew.close()
    })
  }
  await check('asof of the history is an id of the stream', async () => {
    const { json } = await ask(`${history}&limit=5`)
    const after = await open(`series=${series}`, { 'Last-Event-ID': String(json.asof) })
    await after.until(() => after.synced, 10_000)
    equal(after.synced?.data.series[series], 'resumed', 'series')
    after.close()
  })
  await check('no event is named error', () => {
    assert(witness.events.length > 0, 'no event at all')
    for (const stream of streams) equal(stream.events.find(e => e.type === 'error'), undefined, 'event')
  })
  witness.close()
}

async function checkRefusals() {
  const many = Array.from({ length: 101 }, (_, i) => `A${i}USD:1m`).join(',')
  for (const [name, query, status, field] of [
    ['no series', '', 400], ['an unknown timeframe', `symbol=${symbol}&timeframe=7m`, 400], ['a series that is none', 'series=BTCUSD', 400, 'series'],
    ['series together with symbol', `series=${series}&symbol=${symbol}&timeframe=${timeframe}`, 400], ['101 series', `series=${many}`, 400, 'series'],
    ['snapshot=-1', `series=${series}&snapshot=-1`, 400, 'snapshot'], ['snapshot=1001', `series=${series}&snapshot=1001`, 400, 'snapshot'],
    ['max_rate=fast', `series=${series}&max_rate=fast`, 400, 'max_rate'], ['an unknown symbol', 'series=NOSUCHUSD:1m', 404, 'symbol'],
  ]) await check(`stream, ${name} is ${status} before the stream starts`, async () => isProblem(await ask(`/candles/stream?${query}`), status, field))
  await check('stream, an Accept that rules it out is 406', async () => isProblem(await ask(`/candles/stream?series=${series}`, { headers: { Accept: 'image/png' } }), 406))
  for (const [name, query, field] of [
    ['no symbol', `/candles?timeframe=${timeframe}`, 'symbol'], ['an unknown timeframe', `/candles?symbol=${symbol}&timeframe=7m`, 'timeframe'], ['limit=0', `${history}&limit=0`, 'limit'],
    ['limit=10001', `${history}&limit=10001`, 'limit'], ['a start that is no time', `${history}&start=yesterday`, 'start'], ['an end before the start', `${history}&start=2&end=1`, 'end'],
    ['a sort that is none', `${history}&sort=up`, 'sort'], ['a since that is no rev', `${history}&since=now`, 'since'],
  ]) await check(`history, ${name} is 400`, async () => isProblem(await ask(query), 400, field))
  await check('an unknown path is 404', async () => isProblem(await ask('/candles/nothing'), 404))
  await check('a wrong method is 405', async () => isProblem(await ask(history, { method: 'DELETE' }), 405))
}

async function checkHistory() {
  const { status, headers, json } = await ask(`${history}&limit=5`)
  await check('history, whole candles, oldest first, with asof and gaps', () => {
    equal(status, 200, 'status')
    match(headers['content-type'], /^application\/json\b/, 'Content-Type')
    assert(Number.isInteger(json.asof) && Array.isArray(json.gaps), 'no asof or no gaps')
    assert(json.candles.length > 0 && json.candles.length <= 5, `${json.candles.length} candles`)
    for (const candle of json.candles) isCandle(candle)
    assert(json.candles.every((c, i) => i === 0 || c.time > json.candles[i - 1].time), 'not in order of time')
  })
  await check('history, sort=desc turns it round; start and end belong to the range', async () => {
    const [first, last] = [json.candles[0].time, json.candles.at(-2).time]
    const newest = await ask(`${history}&start=${first}&end=${last}&sort=desc`)
    equal(JSON.stringify(newest.json.candles.map(c => c.time)), JSON.stringify(json.candles.map(c => c.time).filter(t => t <= last).reverse()), 'times')
  })
  await check('history, since its asof answers only what is newer', async () => {
    const changed = await ask(`${history}&since=${json.asof}`)
    equal(changed.status, 200, 'status')
    assert(changed.json.reset !== true && changed.json.candles.every(c => c.rev > json.asof) && changed.json.asof >= json.asof, 'reset, or candles that are not newer')
  })
  await check('history, since too long ago is a reset', async () => equal((await ask(`${history}&since=1`)).json.reset, true, 'reset'))
  await check('history, an ETag, and 304 while nothing changed', async () => {
    const long = (await ask(`${history}&limit=100`)).json.candles
    const range = `${history}&start=${long[0].time}&end=${long[0].time}`
    const first = await ask(range)
    match(first.headers.etag, /^W\/"/, 'ETag')
    const again = await ask(range, { headers: { 'If-None-Match': first.headers.etag } })
    // A correction may come between the two questions: then the answers differ, and their ETags must.
    const isSame = shown(first) === shown(again)
    if (again.status === 200 && !isSame) assert(again.headers.etag !== first.headers.etag, 'two answers with one ETag')
    else equal(again.status, 304, 'status')
    equal((await ask(range, { headers: { 'If-None-Match': 'W/"another"' } })).status, 200, 'status with another ETag')
  })
  await check('history, HEAD answers the headers of GET', async () => {
    const head = await ask(`${history}&limit=5`, { method: 'HEAD' })
    equal(head.status, 200, 'status')
    match(head.headers.etag, /^W\/"/, 'ETag')
  })
}

async function checkKeys() {
  for (const [name, headers] of [['without a key', { 'X-API-Key': undefined }], ['with a wrong key', { 'X-API-Key': 'cs_wrong' }]]) {
    await check(`${name}, history and stream are 401`, async () => {
      for (const path of [history, `/candles/stream?series=${series}`]) {
        const answer = await ask(path, { headers })
        isProblem(answer, 401)
        match(answer.headers['www-authenticate'], /^Bearer\b/, 'WWW-Authenticate')
      }
    })
  }
  await check('the key may come as a bearer token', async () => {
    const answer = await ask(history, { headers: { 'X-API-Key': undefined, Authorization: `Bearer ${key}` } })
    equal(answer.status, 200, 'status')
    assert(Array.isArray(answer.json.candles), 'no candles')
  })
}

/** Runs one check and prints its line. It fails by throwing, and is skipped by returning why. */
async function check(name, run) {
  let [result, reason] = ['ok', '']
  try {
    const skipped = await run()
    if (skipped) [result, reason] = ['skip', `: ${skipped}`]
  } catch (failure) {
    ;[result, reason] = ['FAIL', `: ${failure.message}`]
  }
  counts[result]++
  console.log(`${result.padEnd(5)} ${name}${reason}`)
}

function assert(condition, message) {
  if (!condition) throw new Error(message)
}

function equal(actual, expected, what) {
  if (actual !== expected) throw new Error(`${what} is ${show(actual)}, not ${show(expected)}`)
}

function match(text, pattern, what) {
  if (!pattern.test(text ?? '')) throw new Error(`${what} is ${show(text)}`)
}

/** What an ETag stands for: the candles and the gaps of an answer. */
function shown({ json }) {
  return JSON.stringify([json.candles, json.gaps])
}

function show(value) {
  return (JSON.stringify(value) ?? 'missing').slice(0, 200)
}

function isCandle(candle) {
  for (const field of fields) equal(typeof candle[field], field === 'closed' ? 'boolean' : 'number', `type of ${field}`)
  const { open, high, low, close, volume } = candle
  assert(low <= Math.min(open, close) && high >= Math.max(open, close) && volume >= 0, `no candle: ${show(candle)}`)
}

function isProblem({ status, headers, json }, expected, field) {
  equal(status, expected, 'status')
  match(headers['content-type'], /^application\/problem\+json\b/, 'Content-Type')
  equal(json?.status, expected, 'status in the body')
  assert(typeof json.title === 'string' && typeof json.detail === 'string', 'no title or no detail')
  if (field) equal(json.field, field, 'field')
}

function risesFromSeam(stream) {
  let last = Number(stream.synced?.id)
  assert(last > 0, 'no seam')
  for (const { id } of stream.live) {
    assert(Number(id) > last, `id ${id} after ${last}`)
    last = Number(id)
  }
}

function send(path, method, headers, answered) {
  const all = { Accept: '*/*', ...(key && { 'X-API-Key': key }), ...headers }
  for (const name of Object.keys(all)) if (all[name] === undefined) delete all[name]
  const url = new URL(root.pathname.replace(/\/$/, '') + path, root)
  const request = (url.protocol === 'https:' ? https : http).request(url, { method, headers: all, agent: false }, answered)
  request.end()
  return request
}

/** One request and its whole answer. */
function ask(path, { method = 'GET', headers = {} } = {}) {
  return new Promise((resolve, reject) => {
    const request = send(path, method, headers, answer => {
      let text = ''
      const done = () => resolve({ status: answer.statusCode, headers: answer.headers, text, json: parse(text) ?? {} })
      answer.setEncoding('utf8').on('data', part => (text += part)).on('end', done).on('error', reject)
      // A stream where an error was expected has no end.
      if (/^text\/event-stream/.test(answer.headers['content-type'] ?? '') && method === 'GET') done(request.destroy())
    })
    request.on('error', reject).setTimeout(15_000, () => request.destroy(new Error('no answer within 15 s')))
  })
}

/** A stream, read for as long as it is open; `live` are the candles and deltas from the seam on. */
function open(query, headers = {}) {
  return new Promise((resolve, reject) => {
    const stream = { events: [], live: [], retries: [], synced: undefined, ended: false, wake: () => {} }
    streams.push(stream)
    const request = send(`/candles/stream?${query}`, 'GET', { Accept: 'text/event-stream', ...headers }, answer => {
      Object.assign(stream, { status: answer.statusCode, headers: answer.headers })
      let rest = ''
      answer.setEncoding('utf8').on('data', part => {
        const blocks = (rest + part).replace(/\r\n?/g, '\n').split('\n\n')
        rest = blocks.pop()
        for (const block of blocks) take(stream, block)
        stream.wake()
      })
      answer.on('close', () => stream.wake((stream.ended = true))).on('error', () => {})
      resolve(stream)
    })
    request.on('error', reject)
    stream.close = () => request.destroy()
    stream.until = (condition, ms) => new Promise(done => {
      const timer = setTimeout(end, ms)
      function end() {
        clearTimeout(timer)
        stream.wake = () => {}
        done()
      }
      stream.wake = () => (condition() || stream.ended) && end()
      stream.wake()
    })
  })
}

function take(stream, block) {
  const event = { type: 'message', id: null, text: undefined }
  for (const line of block.split('\n')) {
    const [, name, value] = /^([^:]*):? ?(.*)$/s.exec(line)
    if (name === 'event') event.type = value
    else if (name === 'id') event.id = value
    else if (name === 'data') event.text = event.text === undefined ? value : `${event.text}\n${value}`
    else if (name === 'retry') stream.retries.push({ ms: Number(value), before: stream.events.length })
  }
  if (event.text === undefined) return
  event.data = parse(event.text) ?? {}
  stream.events.push(event)
  if (event.type === 'synced') stream.synced ??= event
  else if (stream.synced && (event.type === 'message' || event.type === 'delta')) stream.live.push(event)
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function readArguments() {
  try {
    return parseArgs({ allowPositionals: true, options: { series: { type: 'string', default: 'BTCUSD:1m' }, key: { type: 'string' }, wait: { type: 'string', default: '30' } } })
  } catch (failure) {
    console.error(`${failure.message}\nusage: conformance.mjs [URL] [--series BTCUSD:1m] [--key KEY] [--wait SECONDS]`)
    process.exit(2)
  }
}
