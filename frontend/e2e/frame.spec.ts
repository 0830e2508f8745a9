import type { Page } from '@playwright/test'
import { drawn, expect, expectCondition, expectKeys, test, violations } from './fixtures'

/** What stands around the chart: header, strip, rail, panels. */
test.beforeEach(async ({ page, scripted }) => {
  await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=1m`)
  await expectCondition(page, 'live')
  await expectKeys(page)
})

const shown = (page: Page) => page.locator('.timeframes label').allTextContents()
const spacing = async (page: Page) => (await drawn(page)).spacing

test('the header holds the favourite timeframes and the chosen one; the list holds all, with their stars', async ({
  page,
  scripted,
}) => {
  // A price of another width would move what stands right of it.
  scripted.silent = true
  await page.reload()
  await expectCondition(page, 'live')
  await expectKeys(page)
  expect(await shown(page)).toEqual(['1m', '5m', '15m', '1h', '6h', '1D'])
  const button = page.getByRole('button', { name: 'All timeframes' })
  await button.click()
  const list = page.getByRole('dialog', { name: 'All timeframes' })
  await expect(list.getByRole('listitem')).toHaveCount(12)
  const [menu, opener] = [(await list.boundingBox())!, (await button.boundingBox())!]
  expect(Math.abs(menu.x + menu.width - opener.x - opener.width)).toBeLessThanOrEqual(1)
  expect(await violations(page)).toEqual([])
  await page.screenshot({ path: 'test-results/gallery/timeframes.png' })
  // A star puts it into the header and takes it out; the choice needs none.
  await list.getByRole('button', { name: '30m in the header' }).click()
  await list.getByRole('button', { name: '6h in the header' }).click()
  expect(await shown(page)).toEqual(['1m', '5m', '15m', '30m', '1h', '1D'])
  await list.getByRole('button', { name: '3h 3 hours' }).click()
  await expect(list).toBeHidden()
  await expect(page.getByRole('radio', { name: '3h', exact: true })).toBeChecked()
  await page.reload()
  await expectCondition(page, 'live')
  expect(await shown(page)).toEqual(['1m', '5m', '15m', '30m', '1h', '3h', '1D'])
})

test('the strip is one stop for Tab, the arrows go inside it, each tool works, and it folds away', async ({ page }) => {
  const strip = page.getByRole('toolbar', { name: 'Chart tools' })
  await expect(strip.locator('[tabindex="0"]')).toHaveCount(1)
  const before = await spacing(page)
  await strip.getByRole('button', { name: 'Zoom in' }).focus()
  await page.keyboard.press('Enter')
  await expect.poll(() => spacing(page)).toBeGreaterThan(before)
  await page.keyboard.press('ArrowDown')
  await expect(strip.getByRole('button', { name: 'Zoom out' })).toBeFocused()
  await page.keyboard.press('Enter')
  await expect.poll(() => spacing(page)).toBeCloseTo(before)
  await page.keyboard.press('Enter')
  await strip.getByRole('button', { name: 'Reset view' }).click()
  await expect.poll(() => spacing(page)).toBeCloseTo(before)
  const download = page.waitForEvent('download')
  await strip.getByRole('button', { name: 'Save picture (PNG)' }).click()
  expect((await download).suggestedFilename()).toMatch(/^BTCUSD-1m-.*\.png$/)
  await strip.getByRole('button', { name: 'Save picture (PNG)' }).focus()
  await page.keyboard.press('End')
  await expect(strip.getByRole('button', { name: 'Hide the chart’s tools' })).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(strip).toBeHidden()
  await page.screenshot({ path: 'test-results/gallery/strip-folded.png' })
  expect(await violations(page)).toEqual([])
  await page.getByRole('button', { name: 'Show the chart’s tools' }).click()
  await expect(strip).toBeVisible()
})

test('the pill opens what explains it, and the watchlist folds away', async ({ page, scripted }) => {
  await page.getByRole('button', { name: /^Live\b.*Connection$/ }).click()
  const panel = page.getByRole('dialog', { name: 'Connection' })
  await expect(panel).toContainText('SSE stream')
  await expect(panel.getByRole('list').locator('li').first()).toContainText('Live')
  await page.screenshot({ path: 'test-results/gallery/connection.png' })
  expect(await violations(page)).toEqual([])
  scripted.say({ state: 'reconnecting', connected: false, attempt: 2, reason: 'silent for 35 s' })
  await expect(panel.getByRole('list').locator('li').first()).toContainText('Reconnecting')
  await expect(panel).toContainText('silent for 35 s')
  await page.keyboard.press('Escape')
  await expect(panel).toBeHidden()
  await page.getByRole('button', { name: 'Hide the watchlist' }).click()
  await expect(page.locator('.rail')).toBeHidden()
  await page.keyboard.press('w')
  await expect(page.locator('.rail')).toBeVisible()
})

for (const { width, length } of [
  { width: 'wide', length: 30 },
  { width: 'narrow', length: 9 },
])
  test(`a ${width} gap is counted in the footer, which leads to it, and the chart names it`, async ({
    page,
    scripted,
  }) => {
    // In the narrow one there is no room for the times, as there is none in a wider one over midnight.
    const { bars } = await drawn(page)
    const gap = [bars.at(-400)!, bars.at(-400 + length)!] as [number, number]
    scripted.hole = gap
    scripted.say({ state: 'live', connected: true, gaps: [gap] })
    await page.reload()
    await expectCondition(page, 'live')
    await page.getByRole('button', { name: '1 gap' }).click()
    const seen = () => page.evaluate(() => window.candlePage.chart!.visibleTimes())
    await expect.poll(async () => (await seen())!.from < gap[0] && (await seen())!.to > gap[1]).toBe(true)
    await page.screenshot({ path: `test-results/gallery/gap-named-${width}.png` })
    // The chip is drawn in the colour of notes, which nothing else on the canvas has.
    const noted = () =>
      page.evaluate(() => {
        const canvas = window.candlePage.chart!.screenshot()
        const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height)
        let count = 0
        for (let i = 0; i < data.length; i += 4)
          if (data[i] === 143 && data[i + 1] === 184 && data[i + 2] === 255) count++
        return count
      })
    await expect.poll(noted).toBeGreaterThan(20)
  })

test.describe('with reduced motion', () => {
  test.use({ contextOptions: { reducedMotion: 'reduce' } })

  test('nothing moves but the prices', async ({ page, scripted }) => {
    const animations = () =>
      page.evaluate(() => document.getAnimations().map((one) => (one as CSSAnimation).animationName))
    expect(await animations()).toEqual([])
    // The sign of this state turns otherwise.
    scripted.say({ state: 'reconnecting', connected: false, attempt: 2, reason: 'silent for 35 s' })
    await expectCondition(page, 'reconnecting')
    expect(await animations()).toEqual([])
  })
})
