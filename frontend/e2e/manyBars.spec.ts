import type { Page } from '@playwright/test'
import { drawn, expect, expectCondition, expectNoHole, test } from './fixtures'

const MINUTE = 60_000
const LOADED = 9600

const seen = (page: Page) => page.evaluate(() => window.candlePage.chart!.visibleTimes()!)

/** More bars than the chart is given: it must look as if it had them all. */
test.describe('with ten thousand bars loaded', () => {
  test.beforeEach(async ({ page, scripted }) => {
    await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=1m`)
    await expectCondition(page, 'live')
    await page.evaluate(async (wanted) => {
      const { feed } = window.candlePage
      while (feed.list.bars.length < wanted) await feed.loadOlder()
    }, LOADED)
    // A minute may begin meanwhile.
    await expect.poll(async () => Math.abs((await drawn(page)).bars.length - 1002)).toBeLessThanOrEqual(2)
  })

  test('scrolling back meets no hole and moves nothing, and the newest bars are there again on return', async ({
    page,
  }) => {
    const newest = (await drawn(page)).bars.at(-1)!
    let from = (await seen(page)).from
    for (let step = 0; step < 12; step++) {
      await page.evaluate(() => window.candlePage.chart!.scroll(-300))
      from -= 300 * MINUTE
      // The view moves by exactly what was scrolled, whatever is handed to the chart meanwhile.
      await expect.poll(async () => Math.abs((await seen(page)).from - from)).toBeLessThanOrEqual(MINUTE)
    }
    await expect.poll(async () => (await drawn(page)).bars.length).toBeGreaterThan(4000)
    await expectNoHole(page, MINUTE)
    await page.getByRole('button', { name: 'Go to live' }).click()
    await expect.poll(async () => (await drawn(page)).bars.length).toBeLessThanOrEqual(1004)
    expect((await drawn(page)).bars.at(-1)).toBeGreaterThanOrEqual(newest)
    await expectNoHole(page, MINUTE)
  })

  test('zooming out as far as it goes shows bars up to the left edge', async ({ page }) => {
    for (let step = 0; step < 12; step++) {
      // The library carries out a zoom with its next frame; a second one before would start from the same width.
      await page.evaluate(async () => {
        window.candlePage.chart!.zoom(0.75)
        for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame)
      })
    }
    const width = () => page.evaluate(() => window.candlePage.chart!.drawn.range!)
    await expect.poll(async () => (await width()).from).toBeGreaterThan(0)
    await expect.poll(async () => (await seen(page)).to - (await seen(page)).from).toBeGreaterThan(1000 * MINUTE)
    await expectNoHole(page, MINUTE)
  })
})
