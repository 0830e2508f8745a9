import { drawn, expect, expectCondition, expectNoHole, pill, test } from './fixtures'

const MINUTE = 60_000
const SERIES = 'BTCUSD:1m'

/** What only a scripted server can do wrong. */
test.beforeEach(async ({ page, scripted }, info) => {
  if (info.title.startsWith('(own start)')) return
  await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=1m`)
  await expectCondition(page, 'live')
})

test('malformed, cut, foreign and unknown events are ignored and the page stays live', async ({ page, scripted }) => {
  const before = await drawn(page)
  scripted.raw('data: {"symbol":"BTCUSD","timeframe":"1m","time":17\n\n')
  scripted.raw('data: not json at all\n\n')
  scripted.raw('data: null\n\ndata: []\n\ndata: {}\n\n')
  scripted.raw(
    'data: {"symbol":"BTCUSD","timeframe":"1m","time":"x","open":1,"high":1,"low":1,"close":1,"volume":1,"rev":1}\n\n',
  )
  scripted.raw('event: snapshot\ndata: {"series":"BTCUSD:1m","candles":[null,7,{"time":1}]}\n\n')
  scripted.raw('event: novelty\ndata: {"whatever":true}\n\n: a comment\n\n')
  scripted.raw(
    'id: 9\ndata: {"symbol":"OTHER","timeframe":"1m","time":60000,"open":1,"high":1,"low":1,"close":1,"volume":1,"closed":true,"rev":9}\n\n',
  )
  await expect.poll(async () => (await drawn(page)).lastClose).not.toBe(before.lastClose)
  await expectCondition(page, 'live')
  expect((await drawn(page)).bars.length).toBeGreaterThanOrEqual(before.bars.length)
  await expectNoHole(page, MINUTE)
})

test('a candle that comes late finds its place, an older version of one is dropped', async ({ page, scripted }) => {
  const { bars } = await drawn(page)
  const time = bars.at(-20)!
  const candle = scripted.candleAt(SERIES, time)
  scripted.push(SERIES, { ...candle, high: candle.high * 1.01, rev: candle.rev + 1000 })
  await expect.poll(() => page.evaluate((at) => window.candlePage.feed.list.at(at)?.rev, time)).toBe(candle.rev + 1000)
  scripted.push(SERIES, { ...candle, high: candle.high * 1.02, rev: candle.rev + 500 })
  const later = bars.at(-10)!
  const other = scripted.candleAt(SERIES, later)
  scripted.push(SERIES, { ...other, rev: other.rev + 1 })
  await expect.poll(() => page.evaluate((at) => window.candlePage.feed.list.at(at)?.rev, later)).toBe(other.rev + 1)
  expect(await page.evaluate((at) => window.candlePage.feed.list.at(at)?.rev, time)).toBe(candle.rev + 1000)
  await expectNoHole(page, MINUTE)
})

test('a corrected closed candle is redrawn and marked for a moment', async ({ page, scripted }) => {
  const time = (await drawn(page)).bars.at(-12)!
  const { rev: _, ...candle } = scripted.candleAt(SERIES, time)
  scripted.push(SERIES, { ...candle, high: candle.high * 1.01 })
  await expect.poll(async () => (await drawn(page)).corrected).toEqual([time])
  await expect.poll(async () => (await drawn(page)).corrected, { timeout: 10_000 }).toEqual([])
})

test('the next bar is appended and the count goes on', async ({ page, scripted }) => {
  const { bars } = await drawn(page)
  const candle = { ...scripted.candleAt(SERIES, bars.at(-1)!), time: bars.at(-1)! + MINUTE, closed: false }
  const { rev: _, ...next } = candle
  // For the table of those who cannot see the chart, too.
  const newest = page
    .getByRole('table', { name: /last 20 bars/ })
    .locator('tbody th')
    .first()
  const before = (await newest.textContent())!
  scripted.push(SERIES, next)
  await expect.poll(async () => (await drawn(page)).bars.at(-1)).toBe(bars.at(-1)! + MINUTE)
  await expect(newest).not.toHaveText(before)
  await expectNoHole(page, MINUTE)
})

test('a stream that falls silent is Stale, then given up by the watchdog alone', async ({ page, scripted }) => {
  scripted.mode = 'half-open'
  await expect(page.locator('.header .price')).toHaveClass(/rising|falling/)
  await expectCondition(page, 'stale', 12_000)
  await expect(page.locator('.header .price')).toHaveClass('price old')
  await expectCondition(page, 'polling', 12_000)
  scripted.mode = 'ok'
  await expectCondition(page, 'live', 40_000)
  await expectNoHole(page, MINUTE)
})

test('REST failing beside a healthy stream costs nothing', async ({ page, scripted }) => {
  scripted.restDown = true
  await page.keyboard.press('End')
  const before = (await drawn(page)).lastClose
  await expect.poll(async () => (await drawn(page)).lastClose).not.toBe(before)
  await expectCondition(page, 'live')
})

test('an upstream outage is named with its reason, hatched, and repaired in place', async ({ page, scripted }) => {
  scripted.say({ state: 'reconnecting', connected: false, attempt: 2, retry_in_ms: 5000, reason: 'silent for 35 s' })
  await expectCondition(page, 'reconnecting')
  await expect(pill(page)).toHaveAttribute('title', /silent for 35 s/)
  const { bars } = await drawn(page)
  const gap = [bars.at(-30)!, bars.at(-20)!] as [number, number]
  scripted.hole = gap
  scripted.say({ state: 'down', connected: false, reason: 'the exchange refused', gaps: [gap] })
  await expectCondition(page, 'down')
  await expect(page.locator('.watch-row.old').first()).toHaveAttribute('title', /the exchange refused/)
  await page.reload()
  await expectCondition(page, 'down')
  const places = () => page.evaluate(() => window.candlePage.feed.gaps.length)
  expect(await places()).toBe(1)
  const missing = (await drawn(page)).bars.filter((time) => time >= gap[0] && time < gap[1])
  expect(missing).toEqual([])
  scripted.hole = null
  for (let time = gap[0]; time < gap[1]; time += MINUTE) {
    const { rev: _, ...candle } = scripted.candleAt(SERIES, time)
    scripted.push(SERIES, candle)
  }
  scripted.say({ state: 'live', connected: true })
  await expectCondition(page, 'live')
  await expect.poll(places).toBe(0)
  await expectNoHole(page, MINUTE)
})

test('(own start) a blocked EventSource means polling, and the page says so, and that the market is simulated', async ({
  page,
  scripted,
}) => {
  scripted.simulated = true
  await page.addInitScript(() => {
    window.EventSource = class {
      constructor() {
        throw new Error('blocked')
      }
    } as unknown as typeof EventSource
  })
  await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=1m`)
  await expectCondition(page, 'polling')
  expect((await drawn(page)).bars.length).toBeGreaterThan(500)
  await expect(page.locator('.pill.simulated')).toBeVisible()
  await expect(page.locator('.legend-title')).toContainText('Simulator')
})

test('(own start) a clock wrong by hours spoils neither the state nor the countdown', async ({ page, scripted }) => {
  await page.addInitScript(() => {
    const real = Date.now.bind(Date)
    Date.now = () => real() + 7 * 3_600_000
  })
  await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=1m`)
  await expectCondition(page, 'live')
  await expect(page.locator('.footer strong')).toHaveText(/^00:\d\d$|^01:00$/)
  const delay = () => page.evaluate(() => window.candlePage.client.status.delayMs ?? Number.POSITIVE_INFINITY)
  await expect.poll(delay).toBeLessThan(2000)
})

test('(own start) corrupted settings of this browser are forgotten', async ({ page, scripted }) => {
  await page.addInitScript(() => localStorage.setItem('candlestream.settings', '{"symbol":{},"watch":7,"theme":"no"'))
  await page.goto(scripted.url)
  await expectCondition(page, 'live')
  await expect(page).toHaveURL(/symbol=BTCUSD&timeframe=1m/)
})

test('(own start) a slow network shows ghosts, then the chart', async ({ page, scripted }) => {
  const release = scripted.hold()
  await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=1m`)
  await expect(page.getByText('Loading BTC/USD 1m…')).toBeVisible()
  release()
  await expectCondition(page, 'live')
  await expect(page.getByText('Loading BTC/USD 1m…')).toBeHidden()
})

test('(own start) a symbol without a trade says so', async ({ page, scripted }) => {
  await page.goto(`${scripted.url}/?symbol=DOTUSD&timeframe=1m`)
  await expect(page.getByRole('heading', { name: 'No trades yet' })).toBeVisible()
  await expectCondition(page, 'live')
  // The first trade takes its place, and nothing else has to happen for it.
  const { rev: _, ...first } = scripted.candleAt('DOTUSD:1m', Math.floor(Date.now() / MINUTE) * MINUTE)
  scripted.push('DOTUSD:1m', first)
  await expect(page.getByRole('heading', { name: 'No trades yet' })).toBeHidden()
  await expect(page.locator('.legend strong')).toHaveText('DOT/USD')
})
