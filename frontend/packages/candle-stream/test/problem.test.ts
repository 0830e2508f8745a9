import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { FetchEventSource, SseParser } from '../src/fetchEventSource.js'
import { CandleClient, type CandleClientOptions } from '../src/index.js'
import { candle, FakeWorld, page, problem } from './fakes.js'

const SERIES = 'BTCUSD:1m'
let world: FakeWorld

function make(options: CandleClientOptions = {}): CandleClient {
  return new CandleClient({ shareTabs: false, environment: world.environment, ...options })
}

/** Lets everything happen that waits for nothing but its turn. */
const settle = (ms = 50) => vi.advanceTimersByTimeAsync(ms)

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000 })
  world = new FakeWorld()
})
afterEach(() => vi.useRealTimers())

describe('reading a stream with fetch', () => {
  test('text is read the same however it is cut', () => {
    const text = 'event: a\r\ndata: x\r\ndata:y\r\nid: 7\r\n\r\n: comment\n\ndata: z\n\nevent: none\n\n'
    for (const size of [1, 2, 3, 100]) {
      const heard: unknown[] = []
      const parser = new SseParser((type, event) => heard.push([type, event.data, event.lastEventId]))
      for (let i = 0; i < text.length; i += size) parser.feed(text.slice(i, i + size))
      expect(heard).toEqual([
        ['a', 'x\ny', '7'],
        ['message', 'z', '7'],
      ])
    }
  })

  test('an error says why', async () => {
    const failures: (Error | undefined)[] = []
    const read = (fetch: () => Promise<Response>) =>
      new FetchEventSource({ fetch }, 'http://x').addEventListener('error', ({ failure }) => failures.push(failure))
    read(async () => problem(401, 'A key is needed.'))
    read(async () => new Response('<h1>', { headers: { 'Content-Type': 'text/html' } }))
    read(async () => Promise.reject(new TypeError('fetch failed')))
    await settle()
    expect(failures.map((failure) => failure?.message).sort()).toEqual([
      'A key is needed.',
      'fetch failed',
      'it answers with text/html',
    ])
  })
})

describe('keys', () => {
  test('a stream is opened with a ticket, which is renewed when it is over or refused', async () => {
    let sold = 0
    const sent: (string | null | undefined)[][] = []
    const environment = {
      ...world.environment,
      fetch: async (url: string, init: RequestInit) => {
        sent.push([url.split('?')[0], init.method ?? 'GET', new Headers(init.headers).get('X-API-Key')])
        if (!url.includes('/ticket')) return problem(503, 'busy')
        return Response.json({ ticket: `t${++sold}`, expires_in_ms: 600_000 })
      },
    }
    const client = make({ environment, apiKey: 's3cret', url: 'http://c', onProblem() {} })
    client.subscribe(SERIES, {})
    await settle()
    expect(sent[0]).toEqual(['http://c/candles/stream/ticket', 'POST', 's3cret'])
    expect(world.source.query.get('ticket')).toBe('t1')
    world.source.greet(1000)
    world.source.fail()
    await settle(1000)
    // The same query within its time: the same ticket.
    expect([world.sources.length, world.source.query.get('ticket'), world.source.query.get('last_event_id')]).toEqual([
      2,
      't1',
      '1000',
    ])
    world.source.fail()
    await settle(2000)
    expect([world.sources.length, world.source.query.get('ticket')]).toEqual([3, 't2'])
    world.source.greet(1000)
    await settle(600_000 - 30_000)
    world.source.fail()
    await settle(2000)
    expect(world.source.query.get('ticket')).toBe('t3')
    expect(new Set(sent.map(([, , key]) => key))).toEqual(new Set(['s3cret']))
    client.stop()
  })
})

describe('what is wrong is said', () => {
  const tell = async (answer: unknown, url = 'http://c') => {
    const told: string[] = []
    world.serve({ '/candles': answer })
    const client = make({ url, onProblem: ({ kind, message, lasting }) => told.push(`${kind} ${lasting}: ${message}`) })
    client.subscribe(SERIES, {})
    await settle()
    world.source.fail()
    await settle(40_000)
    client.stop()
    return told
  }

  test('a refused key, another program, a busy server: once each', async () => {
    expect(await tell(() => problem(401, 'A key is needed.'))).toEqual([
      'key true: http://c: A key is needed. Give the client a key that the server knows: `apiKey`.',
    ])
    expect(await tell(() => new Response('<h1>'))).toEqual([
      'wrong-server true: http://c: it answers with text/plain. Is `url` the root address of a CandleStream server?',
    ])
    expect((await tell(() => new Response('<h1>', { status: 404 })))[0]).toContain('there is no such route')
    expect(await tell(() => problem(503, 'Full.'))).toEqual(['busy false: http://c: Full.'])
  })

  test('an origin that is not let in is told from a server that is away', async () => {
    const environment = {
      ...world.environment,
      fetch: async (url: string, init: RequestInit) => {
        if (init.mode === 'no-cors' && url.startsWith('http://c/')) return new Response()
        throw new TypeError('Failed to fetch')
      },
    }
    for (const [url, words] of [
      ['http://c', 'Add http://localhost:3000 to its setting Security:AllowedOrigins'],
      ['http://d', 'cannot be reached'],
    ] as const) {
      const told: string[] = []
      const client = make({ url, environment, onProblem: ({ message }) => told.push(message) })
      client.subscribe(SERIES, {})
      await settle()
      world.source.fail()
      await settle()
      expect(told[0]).toContain(words)
      client.stop()
    }
  })

  test('without a handler it goes to the console', async () => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    world.serve({ '/candles': () => problem(401, 'A key is needed.') })
    const client = make()
    client.subscribe(SERIES, {})
    await settle()
    world.source.fail()
    await settle()
    expect(said.mock.calls[0]?.[0]).toContain('A key is needed.')
    client.stop()
    said.mockRestore()
  })

  test('an older server, whose stream cannot be read, is left after 15 s with words; polling goes on', async () => {
    const told: string[] = []
    world.serve({ '/candles': page([]) })
    const client = make({ url: 'http://c', onProblem: ({ kind, message }) => told.push(`${kind}: ${message}`) })
    client.subscribe(SERIES, {})
    await settle()
    world.source.open()
    for (let i = 0; i < 14; i++) {
      await settle(1000)
      world.source.say('message', { symbol: 'BTCUSD', price: 1 })
      world.source.say('hello', { version: 9 })
    }
    expect([world.openStreams, told]).toEqual([1, []])
    await settle(1000)
    expect([client.status.reason, client.status.polling.ok]).toEqual(['garbled', true])
    expect(told).toEqual([
      'wrong-server: http://c: its stream says nothing that this version can read. Is `url` the root address of a CandleStream server?',
    ])
    client.stop()
  })

  test('what cannot be read before hello, or instead of it, does not end a stream that goes on in words we know', async () => {
    const client = make()
    const got: number[] = []
    client.subscribe(SERIES, { onCandles: (candles) => got.push(...candles.map(({ rev }) => rev)) })
    await settle()
    world.source.open()
    world.source.say('hello', { protocol: 9 })
    world.source.say('snapshot', '{"cut')
    world.source.say('snapshot', { series: SERIES, candles: [candle(0, 5)] })
    await settle(20_000)
    world.source.say('message', { price: 1 })
    await settle(20_000)
    expect([got, client.status.phase, world.sources.length]).toEqual([[5], 'open', 1])
    client.stop()
  })

  test('an answer without candles is another server’s', async () => {
    world.serve({ '/candles': { price: 1 } })
    const client = make({ url: 'http://c' })
    const failure = await client.history(SERIES).catch((error) => client.explain(error))
    expect((failure as Error).message).toContain('its answer holds no candles. Is `url`')
    client.stop()
  })

  test('an address that is none is refused at once', () => {
    expect(() => make({ url: '127.0.0.1:8000' })).toThrow('http://127.0.0.1:8000')
    expect(() => make({ environment: { ...world.environment, page: null } })).toThrow('address')
  })
})
