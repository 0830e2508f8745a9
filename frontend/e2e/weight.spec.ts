import { get } from 'node:http'
import { gzipSync } from 'node:zlib'
import { drawn, expect, expectCondition, test } from './fixtures'

/** JavaScript as it travels, in bytes: before the first candle is drawn, and in the first minute without a click. */
const BEFORE_FIRST_CANDLE = 90_000
const IN_FIRST_MINUTE = 150_000

test('the page is light', async ({ page, scripted }) => {
  let weight = 0
  const files: string[] = []
  const pending: Promise<void>[] = []
  page.on('response', (response) => {
    if (!new URL(response.url()).pathname.endsWith('.js')) return
    const weigh = async () => {
      const size = gzipSync(await response.body()).length
      weight += size
      files.push(`${size} ${new URL(response.url()).pathname}`)
    }
    pending.push(weigh())
  })
  // The market of the test is ready before the page asks; the minute passes on the page's own clock.
  await page.clock.install()
  let release = () => {}
  const later = new Promise<void>((done) => {
    release = done
  })
  await page.route('**/assets/later-*.js', async (route) => {
    await later
    await route.continue()
  })
  await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=5m`)
  await expect.poll(async () => (await drawn(page)).bars.length).toBeGreaterThan(1)
  await Promise.all(pending)
  process.stdout.write(`Before the first candle: ${weight} B (gzip)\n${files.join('\n')}\n`)
  expect(weight).toBeLessThanOrEqual(BEFORE_FIRST_CANDLE)
  release()
  await expect(page.locator('.watchlist')).toBeVisible()
  await page.clock.runFor(60_000)
  await expectCondition(page, 'live')
  await Promise.all(pending)
  process.stdout.write(`In the first minute: ${weight} B (gzip)\n`)
  expect(weight).toBeLessThanOrEqual(IN_FIRST_MINUTE)
})

test('the first page of history is asked for once, and before the page’s own code has come', async ({
  page,
  scripted,
}) => {
  const asked: string[] = []
  page.on('request', (request) => {
    const { pathname, searchParams } = new URL(request.url())
    if (pathname === '/candles' && searchParams.get('symbol') === 'BTCUSD') asked.push(request.url())
  })
  let release = () => {}
  const held = new Promise<void>((done) => {
    release = done
  })
  await page.route('**/assets/page-*.js', async (route) => {
    await held
    await route.continue()
  })
  await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=5m`, { waitUntil: 'commit' })
  await expect(page.locator('.ghosts img')).toBeVisible()
  await expect.poll(() => asked.length).toBe(1)
  release()
  await expectCondition(page, 'live')
  expect(asked).toHaveLength(1)
})

/** Bytes of an answer as they travel. */
function travelled(url: string, encoding: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { 'Accept-Encoding': encoding } }, (answer) => {
      let size = 0
      answer.on('data', (chunk: Buffer) => {
        size += chunk.length
      })
      answer.on('end', () => resolve(size))
    }).on('error', reject)
  })
}

test('a server run from its build compresses the page’s files too', async ({ real }) => {
  const page = await (await fetch(real.url)).text()
  const scripts = [...new Set(page.match(/\/assets\/[^"]+\.(js|css)/g))]
  expect(scripts.length).toBeGreaterThan(3)
  for (const script of scripts) {
    const plain = await travelled(real.url + script, 'identity')
    expect(await travelled(real.url + script, 'gzip'), script).toBeLessThan(plain * 0.6)
  }
})
