import { expect, expectCondition, test, violations } from './fixtures'

/** Everything the page can do is reachable on these screens, and is large enough to be touched. */
const SCREENS = [
  ['phone', { width: 390, height: 844 }, 1],
  ['small-phone', { width: 320, height: 640 }, 1],
  ['phone-on-its-side', { width: 844, height: 390 }, 1],
  ['laptop-at-200-percent', { width: 720, height: 450 }, 2],
  ['tablet', { width: 1024, height: 768 }, 1],
] as const

for (const [name, viewport, deviceScaleFactor] of SCREENS) {
  test.describe(name, () => {
    test.use({ viewport, deviceScaleFactor, hasTouch: name !== 'laptop-at-200-percent' })
    test('tools, watchlist, help and exports are reachable', async ({ page, scripted }) => {
      scripted.simulated = true
      await page.addInitScript(() => localStorage.setItem('candlestream.signed-in', '1'))
      await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=5m`)
      await expectCondition(page, 'live')
      await expect(page.locator('.header .price')).toBeVisible()
      await page.screenshot({ path: `test-results/gallery/${name}.png` })
      const width = await page.evaluate(() => document.documentElement.scrollWidth)
      expect(width).toBeLessThanOrEqual(viewport.width)
      await expect(page.locator('.pill.simulated')).toBeInViewport({ ratio: 1 })
      await expect(page.locator('[data-condition]')).toBeInViewport({ ratio: 1 })
      expect(await violations(page)).toEqual([])

      await page.getByRole('button', { name: 'More' }).click()
      const panel = page.getByRole('dialog', { name: 'More' })
      await expect(panel).toBeVisible()
      await page.screenshot({ path: `test-results/gallery/${name}-more.png` })
      for (const item of [
        'Save picture (PNG)',
        'Save bars in view (CSV)',
        'Keys and help',
        'Reset view',
        'Sign out',
        'Colour-blind palette',
      ])
        await panel.getByText(item).scrollIntoViewIfNeeded()
      for (const choice of ['Log', 'Percent', 'Local', 'Light']) {
        await panel.getByRole('radio', { name: choice, exact: true }).check()
      }
      await expect(page.locator('html')).toHaveAttribute('data-theme', 'light')
      expect(await violations(page)).toEqual([])
      await panel.getByRole('button', { name: 'Keys and help' }).click()
      await expect(page.getByRole('dialog', { name: 'Keyboard' })).toBeVisible()
      await page.getByRole('dialog', { name: 'Keyboard' }).getByRole('button', { name: 'Close' }).click()

      await page.getByRole('button', { name: 'Watchlist' }).click()
      const drawer = page.getByRole('complementary', { name: 'Watchlist' })
      await expect(drawer).toBeVisible()
      await expect(drawer.locator('.watch-price').first()).not.toContainText('—')
      expect(await violations(page)).toEqual([])
      await page.screenshot({ path: `test-results/gallery/${name}-lists.png` })
      await drawer.locator('.watch-row', { hasText: 'ETH/USD' }).click()
      await expect(drawer).toBeHidden()
      await expect(page).toHaveURL(/symbol=ETHUSD/)
    })
  })
}

for (const width of [1080, 1280, 1440, 1920, 3840]) {
  test.describe(`${width} px`, () => {
    test.use({ viewport: { width, height: Math.round(width * 0.6) } })
    test('the header holds everything, and a panel hangs at its button', async ({ page, scripted }) => {
      scripted.simulated = true
      await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=5m`)
      await expectCondition(page, 'live')
      await expect(page.locator('.day dd').first()).toBeVisible()
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
      const header = (await page.locator('.header').boundingBox())!
      const tabs = (await page.locator('.tabs').boundingBox())!
      for (const part of await page.locator('.header > *:visible').all()) {
        const box = (await part.boundingBox())!
        expect(box.x + box.width).toBeLessThanOrEqual(header.x + header.width + 1)
      }
      await page.getByRole('button', { name: 'More' }).click()
      const panel = (await page.getByRole('dialog', { name: 'More' }).boundingBox())!
      expect(Math.abs(panel.x + panel.width - (tabs.x + tabs.width))).toBeLessThanOrEqual(8)
      await page.screenshot({ path: `test-results/gallery/width-${width}.png` })
    })
  })
}
