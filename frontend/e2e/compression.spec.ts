import { get } from 'node:http'
import { expect, test } from './fixtures'

const PATH = '/candles/stream?symbol=BTCUSD&timeframe=1m'
const CANDLES = 8

/** The texts of live candles by their id. */
type Candles = Map<string, string>

/** Takes a stream's text as it comes. */
class Reader {
  readonly candles: Candles = new Map()
  isSynced = false
  #rest = ''

  take(text: string): void {
    const events = (this.#rest + text).split('\n\n')
    this.#rest = events.pop()!
    for (const event of events) {
      if (event.startsWith('event: synced\n')) this.isSynced = true
      const found = /^id: (\d+)\ndata: (.*)$/.exec(event)
      if (found) this.candles.set(found[1]!, found[2]!)
    }
  }
}

/** Reads what the server sends to a client that asks for no compression, until it is stopped. */
function readPlain(url: string): { reader: Reader; stop: () => void } {
  const reader = new Reader()
  const request = get(url, (answer) => {
    expect(answer.headers['content-encoding']).toBeUndefined()
    answer.setEncoding('utf8').on('data', (text: string) => reader.take(text))
  })
  return { reader, stop: () => request.destroy() }
}

async function fetchCandles(url: string): Promise<Candles> {
  const reader = new Reader()
  const abort = new AbortController()
  const answer = await fetch(url, { headers: { 'Accept-Encoding': 'gzip' }, signal: abort.signal })
  expect(answer.headers.get('content-encoding')).toBe('gzip')
  const body = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
  while (reader.candles.size < CANDLES) reader.take((await body.read()).value!)
  abort.abort()
  return reader.candles
}

test('EventSource and fetch read the same candles from a compressed stream as others from a plain one', async ({
  page,
  real,
}) => {
  await page.goto(`${real.url}/health/live`)
  const plain = readPlain(real.url + PATH)
  await expect.poll(() => plain.reader.isSynced).toBe(true)
  const opened = page.waitForResponse((answer) => answer.url().includes('/candles/stream'))
  const [fetched, inBrowser] = await Promise.all([
    fetchCandles(real.url + PATH),
    page.evaluate(
      ([path, count]) =>
        new Promise<[string, string][]>((resolve) => {
          const got: [string, string][] = []
          const events = new EventSource(path)
          events.onmessage = (event) => {
            got.push([event.lastEventId, event.data])
            if (got.length < count) return
            events.close()
            resolve(got)
          }
        }),
      [PATH, CANDLES] as const,
    ),
  ])
  expect((await opened).headers()['content-encoding']).toBe('gzip')
  for (const [id, text] of [...fetched, ...inBrowser])
    await expect.poll(() => plain.reader.candles.get(id), id).toBe(text)
  plain.stop()
})
