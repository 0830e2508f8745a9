import type { Page } from '@playwright/test'
import { drawn, expect, expectCondition, pill, test } from './fixtures'

/** A moment at which all pictures are taken; the scripted market is a function of time. */
const MOMENT = Date.UTC(2026, 10, 22, 18, 53, 14)

/** Everything that moves is held still: the clock, the stream, the countdown of the next attempt. */
async function still(page: Page, url: string, timeframe: string): Promise<void> {
  await page.clock.setFixedTime(MOMENT)
  await page.goto(`${url}/?symbol=BTCUSD&timeframe=${timeframe}`)
  await expectCondition(page, 'live')
  await expect(page.locator('.day dd').first()).toBeVisible()
  await expect.poll(async () => (await drawn(page)).bars.length).toBe(600)
  for (const price of await page.locator('.watch-price').all()) await expect(price).not.toContainText('—')
  await page.evaluate(() => document.fonts.ready)
  await page.waitForTimeout(500)
}

test.beforeEach(({ scripted }) => {
  scripted.fixedNow = MOMENT
})

for (const theme of ['dark', 'light'] as const) {
  test(`the page looks as it should, ${theme}`, async ({ page, scripted }) => {
    await page.addInitScript(
      (value) => localStorage.setItem('candlestream.settings', JSON.stringify({ theme: value })),
      theme,
    )
    await still(page, scripted.url, '5m')
    await expect(page).toHaveScreenshot(`${theme}.png`, {
      mask: [pill(page), page.locator('.events, .facts')],
      maxDiffPixelRatio: 0.01,
    })
  })
}

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true })
  test('the page looks as it should, mobile', async ({ page, scripted }) => {
    await still(page, scripted.url, '15m')
    await expect(page).toHaveScreenshot('mobile.png', { mask: [pill(page)], maxDiffPixelRatio: 0.01 })
  })
})
