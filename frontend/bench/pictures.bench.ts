import { expect, expectCondition, expectKeys, test } from '../e2e/fixtures'

/** The pictures of docs/page.md: `npm run pictures`, then as CONTRIBUTING.md says. */
const FOLDER = 'test-results/pictures'
const LAPTOP = { width: 1440, height: 900 }
const SCREENS = [
  { name: 'phone', size: { width: 390, height: 844 }, scale: 2 },
  { name: 'tablet', size: { width: 1024, height: 768 } },
  { name: 'laptop', size: LAPTOP },
  { name: '4k', size: { width: 3840, height: 2160 } },
  { name: 'light', size: LAPTOP, settings: { theme: 'light' } },
  { name: 'colour-blind', size: LAPTOP, settings: { palette: 'colour-blind' } },
  { name: 'forced-colours', size: LAPTOP, forced: true },
  { name: 'indicators', size: LAPTOP, indicators: ['EMA', 'BB', 'RSI', 'MACD'] },
] as const

for (const { name, size, ...more } of SCREENS) {
  test.describe(name, () => {
    test.use({
      viewport: size,
      deviceScaleFactor: 'scale' in more ? more.scale : 1,
      hasTouch: name === 'phone' || name === 'tablet',
      contextOptions: { forcedColors: 'forced' in more ? 'active' : 'none' },
    })
    test('picture', async ({ page, scripted }) => {
      scripted.simulated = true
      const step = 15 * 60_000
      const now = Math.floor(Date.now() / step) * step
      scripted.hole = [now - 40 * step, now - 22 * step]
      scripted.say({ state: 'live', connected: true, gaps: [scripted.hole] })
      const settings = { theme: 'dark', ...('settings' in more ? more.settings : {}) }
      await page.addInitScript((text) => localStorage.setItem('candlestream.settings', text), JSON.stringify(settings))
      if ('indicators' in more) {
        const layout = JSON.stringify({ indicators: more.indicators.map((id) => ({ id })) })
        await page.addInitScript((text) => localStorage.setItem('candlestream.layout', text), layout)
      }
      await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=15m`)
      await expectCondition(page, 'live')
      await expectKeys(page)
      await expect(page.locator('.pill.simulated')).toBeVisible()
      await expect(page.locator('.day dd').first()).toBeVisible()
      if ('indicators' in more) await expect(page.locator('.tool-legend li')).toHaveCount(more.indicators.length)
      await page.screenshot({ path: `${FOLDER}/${name}.png` })
    })
  })
}
