import { devices, type Page } from '@playwright/test'
import { drawn, expect, expectCondition, expectKeys, pill, retry, test, violations } from './fixtures'

/** A picture of every state, to be looked at: test-results/gallery/. */
const FOLDER = 'test-results/gallery'

/** Looks at the state with two pairs of eyes: a picture for people, axe for what a picture cannot show. */
async function show(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `${FOLDER}/${name}.png` })
  expect.soft(await violations(page), name).toEqual([])
}

test('the page in its states', async ({ page, scripted }) => {
  test.setTimeout(240_000)
  await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=5m`)
  await expectCondition(page, 'live')
  await expectKeys(page)
  await expect(page.locator('.watch-price').last()).not.toContainText('—')
  await show(page, 'live-dark')
  await page.keyboard.press('d')
  await show(page, 'live-light')
  await page.keyboard.press('c')
  await show(page, 'live-light-colour-blind')
  await page.keyboard.press('c')
  await page.keyboard.press('d')

  await page.keyboard.press('/')
  await expect(page.getByRole('combobox')).toBeFocused()
  await show(page, 'search')
  await page.keyboard.type('e')
  await show(page, 'search-typed')
  await page.keyboard.press('Escape')
  await page.keyboard.press('?')
  await page.mouse.move(600, 300)
  await expect(page.getByRole('dialog', { name: 'Keyboard' })).toBeVisible()
  await show(page, 'crosshair-and-help')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'More' }).click()
  await show(page, 'more')
  await page.keyboard.press('Escape')

  const minute5 = 300_000
  const now = Math.floor(Date.now() / minute5) * minute5
  scripted.say({
    state: 'reconnecting',
    connected: false,
    attempt: 3,
    retry_in_ms: 9000,
    reason: 'the exchange is silent',
  })
  await expectCondition(page, 'reconnecting')
  await show(page, 'reconnecting')
  scripted.hole = [now - 20 * minute5, now - 8 * minute5]
  scripted.say({ state: 'polling', connected: false, poll_every_ms: 15000, gaps: [scripted.hole] })
  await expectCondition(page, 'polling')
  await show(page, 'server-polling')
  await page.reload()
  await expectCondition(page, 'polling')
  await expect(page.locator('.gap-count')).toBeVisible()
  await show(page, 'gap')
  scripted.hole = null
  scripted.say({ state: 'down', connected: false, reason: 'The exchange refused the series.' })
  await expectCondition(page, 'down')
  await show(page, 'down')
  scripted.say({ state: 'live', connected: true })
  await expectCondition(page, 'live')
  const old = scripted.candleAt('BTCUSD:5m', now - 6 * minute5)
  const { rev: _, ...wrong } = old
  scripted.push('BTCUSD:5m', { ...wrong, high: old.high * 1.004, closed: true })
  await expect.poll(async () => (await drawn(page)).corrected.length).toBe(1)
  await show(page, 'corrected')

  scripted.mode = 'refuse'
  scripted.dropStreams()
  await expectCondition(page, 'polling')
  await show(page, 'polling')
  scripted.restDown = true
  const port = scripted.port
  await scripted.stop()
  await page.getByRole('button', { name: /retry/ }).click()
  await expectCondition(page, 'offline', 30_000)
  await show(page, 'offline')
  scripted.mode = 'ok'
  scripted.restDown = false
  await scripted.start(port)
  await retry(page)
  await expectCondition(page, 'live', 40_000)

  await page.goto(`${scripted.url}/?symbol=NOPEUSD&timeframe=1m`)
  await expectCondition(page, 'error')
  await show(page, 'error')
  await page.goto(`${scripted.url}/?symbol=DOTUSD&timeframe=1m`)
  await expect(page.getByRole('heading', { name: 'No trades yet' })).toBeVisible()
  await show(page, 'empty')
  const release = scripted.hold()
  await page.goto(`${scripted.url}/?symbol=SOLUSD&timeframe=1m`)
  await expect(page.getByText('Loading SOL/USD 1m…')).toBeVisible()
  await show(page, 'loading')
  release()
  scripted.simulated = true
  await page.goto(`${scripted.url}/?symbol=ETHUSD&timeframe=1h`)
  await expectCondition(page, 'live')
  await expect(page.locator('.pill.simulated')).toBeVisible()
  await show(page, 'simulated')
  await expect(pill(page)).toBeVisible()
})

test.describe('on a phone', () => {
  const { defaultBrowserType: _, ...phone } = devices['Pixel 5']
  test.use({ ...phone, viewport: { width: 360, height: 780 } })
  test('mobile', async ({ page, scripted }) => {
    scripted.simulated = true
    await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=15m`)
    await expectCondition(page, 'live')
    await expect(page.locator('.pill.simulated')).toBeVisible()
    await show(page, 'mobile')
  })
})
