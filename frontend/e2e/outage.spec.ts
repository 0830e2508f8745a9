import { drawn, expect, expectCondition, expectNoStepBelow, moving, open, pill, retry, test } from './fixtures'

const MINUTE = 60_000
const POLL_EVERY_MS = 15_000

/** Every bar the server holds in the drawn range is on screen, and nothing else. */
async function expectServersBars(page: import('@playwright/test').Page, url: string): Promise<void> {
  const matches = async () => {
    const { bars } = await drawn(page)
    const query = `symbol=BTCUSD&timeframe=1m&start=${bars[0]}&limit=10000`
    const { candles } = (await (await fetch(`${url}/candles?${query}`)).json()) as { candles: { time: number }[] }
    const served = candles.map(({ time }) => time)
    // The forming bar may appear between the two looks.
    return JSON.stringify(bars.slice(0, -2)) === JSON.stringify(served.slice(0, bars.length - 2))
  }
  await expect.poll(matches, { timeout: 30_000 }).toBe(true)
}

test.describe('when the connection breaks', () => {
  test.setTimeout(150_000)
  test.afterEach(({ real }) => real.noFaults())

  test('the stream alone refused: polling is shown, the candle still moves, and ⚡ comes back', async ({
    page,
    real,
  }) => {
    await open(page, real.url, 'BTCUSD', '1m')
    let refused = true
    await page.route('**/candles/stream?*', (route) => (refused ? route.abort() : route.continue()))
    await page.evaluate(() => window.candlePage.select('BTCUSD', '5m'))
    await expectCondition(page, 'polling', 20_000)
    await expect(pill(page)).toContainText('Polling · 15 s')
    // An attempt that fails polls at once.
    await retry(page)
    await moving(page, 40_000)
    refused = false
    await retry(page)
    await expectCondition(page, 'live', 40_000)
    await moving(page)
    await expectNoStepBelow(page, 5 * MINUTE)
  })

  test('the server killed and restarted: offline, chart kept, ⚡ again, no hole, no duplicate', async ({
    page,
    real,
  }) => {
    await open(page, real.url, 'BTCUSD', '1m')
    const before = (await drawn(page)).bars.length
    await real.kill()
    await expectCondition(page, 'offline', 30_000)
    await expect(page.getByText(/Showing the last \d+ bars/)).toBeVisible()
    expect((await drawn(page)).bars.length).toBe(before)
    await real.start()
    await retry(page)
    await expectCondition(page, 'live', 60_000)
    await moving(page)
    await expectNoStepBelow(page, MINUTE)
    await expectServersBars(page, real.url)
  })

  test('the server stopped in good order says bye, is Offline before the next poll would be due, and is found again', async ({
    page,
    real,
  }) => {
    await page.clock.install()
    await open(page, real.url, 'BTCUSD', '1m')
    // From here on the page's time passes when the test says so: what is due comes, however slow the machine.
    await page.clock.pauseAt(Date.now() + 10_000)
    await real.stop()
    const phase = () => page.evaluate(() => window.candlePage.client.status.phase)
    await expect.poll(phase).toBe('waiting')
    // Its last answer to a poll may be good: the first attempt to reconnect that fails finds out, not the next round 15 s later.
    for (let passed = 0; passed < POLL_EVERY_MS - 2000; passed += 500) {
      await page.clock.runFor(500)
      await expect.poll(phase).toBe('waiting')
    }
    await expectCondition(page, 'offline')
    await expect(page.locator('.header .price')).toHaveClass('price old')
    await page.clock.resume()
    await real.start()
    await expectCondition(page, 'live', 60_000)
    await moving(page)
  })

  test('the exchange lost: the page says so, keeps the chart, and is live again', async ({ page, real }) => {
    await open(page, real.url, 'BTCUSD', '1m')
    await real.fault({ fault: 'unreachable', for_ms: 6000 })
    await real.fault({ fault: 'cut' })
    await expect(pill(page)).toHaveAttribute('data-condition', /reconnecting|polling/, { timeout: 20_000 })
    expect((await drawn(page)).bars.length).toBeGreaterThan(1)
    await expectCondition(page, 'live', 60_000)
    await moving(page)
    await expectServersBars(page, real.url)
  })

  test('minutes nobody watched are a gap until the exchange has been asked, then repaired in place', async ({
    page,
    real,
  }) => {
    test.setTimeout(240_000)
    await open(page, real.url, 'BTCUSD', '1m')
    await real.fault({ fault: 'rest-unreachable' })
    await real.fault({ fault: 'empty-snapshot' })
    // Until the next minute has begun: the end of the running one is seen by nobody.
    await real.fault({ fault: 'unreachable', for_ms: 65_000 - (Date.now() % 60_000) })
    await real.fault({ fault: 'cut' })
    const gaps = () => page.evaluate(() => window.candlePage.feed.gaps.length)
    await expect.poll(gaps, { timeout: 150_000 }).toBeGreaterThan(0)
    await real.noFaults()
    await expectCondition(page, 'live', 90_000)
    await expect.poll(gaps, { timeout: 90_000 }).toBe(0)
    await expectServersBars(page, real.url)
  })
})
