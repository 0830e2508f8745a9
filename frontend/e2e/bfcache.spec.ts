import config from '../playwright.config'
import { drawn, expect, expectCondition, moving, open, test } from './fixtures'

// Playwright switches the back/forward cache off unless told otherwise.
test.use({ launchOptions: { ...config.use?.launchOptions, ignoreDefaultArgs: ['--disable-back-forward-cache'] } })

test('a page that comes back from the back/forward cache is live again', async ({ page, real }) => {
  await open(page, real.url, 'BTCUSD', '1m')
  await page.evaluate(() => Object.assign(window, { kept: true }))
  await page.goto(`${real.url}/health/live`)
  // page.goBack waits for a load event that a restored page never fires.
  await page.evaluate(() => history.back()).catch(() => undefined)
  await expect.poll(() => page.url()).toContain('symbol=BTCUSD')
  expect(await page.evaluate(() => 'kept' in window)).toBe(true)
  await expectCondition(page, 'live', 30_000)
  await moving(page)
  expect((await drawn(page)).bars.length).toBeGreaterThan(1)
})
