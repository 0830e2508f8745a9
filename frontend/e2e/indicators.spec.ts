import type { Page } from '@playwright/test'
import { drawn, expect, expectCondition, expectKeys, open, test, violations } from './fixtures'

/** What is drawn from the candles besides them. Names and numbers are read from the legend, which is what a reader hears. */

const legend = (page: Page) => page.locator('.tool-legend li')

async function start(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/?symbol=BTCUSD&timeframe=1m`)
  await expectCondition(page, 'live')
  await expectKeys(page)
}

async function add(page: Page, ...names: string[]): Promise<void> {
  await page.getByRole('button', { name: 'Indicators', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Indicators' })
  await expect(dialog.getByRole('searchbox')).toBeFocused()
  for (const name of names) {
    await dialog.getByRole('searchbox').fill(name)
    await dialog.getByRole('button', { name: new RegExp(`^${name} `) }).click()
  }
  await page.keyboard.press('Escape')
  await expect(dialog).toBeHidden()
  // Off the chart, whose legend would tell of the bar under the pointer.
  await page.mouse.move(1, 1)
}

test('indicators are found, added, edited, ordered, hidden and taken off, and are there after a reload', async ({
  page,
  scripted,
}) => {
  await start(page, scripted.url)
  await page.getByRole('button', { name: 'Indicators', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Indicators' })
  await expect(dialog.getByRole('searchbox')).toBeFocused()
  // By keyboard alone: type, Enter.
  await page.keyboard.type('sma')
  await page.keyboard.press('Enter')
  await expect(legend(page)).toHaveCount(1)
  await page.keyboard.press('Enter')
  await dialog.getByRole('spinbutton', { name: 'Length' }).fill('50')
  await dialog.getByRole('combobox', { name: 'Colour' }).selectOption('Pink')
  for (const name of ['Bollinger', 'RSI', 'MACD']) {
    await dialog.getByRole('searchbox').fill(name)
    await dialog.getByRole('searchbox').press('Enter')
  }
  await dialog.getByRole('button', { name: 'Favourite: MACD' }).click()
  await dialog.getByRole('searchbox').fill('')
  await expect(dialog.locator('.found .add').first()).toContainText('MACD')
  expect(await violations(page)).toEqual([])
  await page.screenshot({ path: 'test-results/gallery/indicators-dialog.png' })
  await page.keyboard.press('Escape')
  await expect(legend(page)).toHaveCount(5)
  await expect(legend(page).nth(1)).toContainText('SMA 50')
  // Each pane of its own has its name at its top.
  await expect.poll(() => page.evaluate(() => window.candlePage.chart!.overlays.warmUp)).toBeGreaterThan(400)
  await page.screenshot({ path: 'test-results/gallery/indicators.png' })
  expect(await violations(page)).toEqual([])
  await page.getByRole('button', { name: 'Hide SMA 20' }).click()
  await expect(page.getByRole('button', { name: 'Hide SMA 20' })).toHaveAttribute('aria-pressed', 'true')
  const tops = () =>
    page.locator('.tool-legend.own').evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect().top))
  const [first, second] = await tops()
  expect(second! - first!).toBeGreaterThan(40)
  await page.getByRole('button', { name: 'Edit MACD 12 26 9' }).focus()
  await page.keyboard.press('Alt+ArrowUp')
  await expect(page.locator('.tool-legend.own').first()).toContainText('MACD')
  await page.getByRole('button', { name: 'Remove BB 20 2' }).click()
  await expect(page.locator('.toast')).toContainText('BB 20 2 removed.')
  await page.locator('.toast').getByRole('button', { name: 'Undo' }).click()
  await expect(legend(page)).toHaveCount(5)
  await page.reload()
  await expectCondition(page, 'live')
  await expect(legend(page)).toHaveCount(5)
  await expect(page.locator('.tool-legend.own').first()).toContainText('MACD')
  await expect(page.getByRole('button', { name: 'Hide SMA 20' })).toHaveAttribute('aria-pressed', 'true')
})

test('the forming candle moves an indicator without computing it anew, and the real server’s minutes give the same', async ({
  page,
  real,
}) => {
  await open(page, real.url, 'BTCUSD', '1m')
  await add(page, 'SMA')
  const plain = () =>
    page.evaluate(() => {
      const { bars } = window.candlePage.feed.list
      const closes = bars.slice(-20).map((bar) => bar.close)
      return closes.reduce((a, b) => a + b, 0) / closes.length
    })
  const shown = async () =>
    Number((await legend(page).locator('.ink0').last().textContent())!.replaceAll(',', '').trim())
  await expect.poll(async () => Math.abs((await plain()) - (await shown()))).toBeLessThan(1)
  const before = await shown()
  await expect.poll(shown, { timeout: 30_000 }).not.toBe(before)
})

test('after a gap an indicator starts anew and says so; before it there is nothing to fetch', async ({
  page,
  scripted,
}) => {
  // No bar is added while the test counts them.
  scripted.fixedNow = Math.floor(Date.now() / 60_000) * 60_000 + 20_000
  await start(page, scripted.url)
  const { bars } = await drawn(page)
  const gap = [bars.at(-50)!, bars.at(-30)!] as [number, number]
  scripted.hole = gap
  scripted.say({ state: 'live', connected: true, gaps: [gap] })
  await page.reload()
  await expectCondition(page, 'live')
  await expectKeys(page)
  await add(page, 'EMA', 'RSI', 'BB', 'DC')
  await expect(legend(page).nth(0)).toContainText(/≈ .* 30 of 50 bars since the gap/)
  await expect(legend(page).filter({ hasText: 'RSI' })).not.toContainText('≈')
  await page.screenshot({ path: 'test-results/gallery/indicators-gap.png' })
  // On too few bars the row stays and says how many it needs.
  await page.getByRole('button', { name: 'Edit DC 20' }).click()
  await page.getByRole('spinbutton', { name: 'Length' }).fill('40')
  await page.keyboard.press('Escape')
  await expect(legend(page).filter({ hasText: 'DC' })).toContainText('needs 40 bars, 30 are here')
})

test('a value does not depend on how far one has scrolled: bars before the view are fetched', async ({
  page,
  scripted,
}) => {
  scripted.silent = true
  await start(page, scripted.url)
  await add(page, 'EMA')
  await page.getByRole('button', { name: 'Edit EMA 50' }).click()
  await page.getByRole('spinbutton', { name: 'Length' }).fill('100')
  await page.keyboard.press('Escape')
  // 600 bars came at first; 1,212 are needed before the first one in view.
  await expect(legend(page).first()).not.toContainText('loaded')
  await expect
    .poll(async () => await page.evaluate(() => window.candlePage.feed.list.bars.length))
    .toBeGreaterThan(1212)
  const value = () => legend(page).locator('.ink0').last().textContent()
  const before = await value()
  await page.evaluate(() => window.candlePage.chart!.scroll(-900))
  await expect
    .poll(async () => await page.evaluate(() => window.candlePage.feed.list.bars.length))
    .toBeGreaterThan(2000)
  expect(await value()).toBe(before)
})

test('a layout of another version or hand is shown as far as it is known, and nothing of it is lost', async ({
  page,
  scripted,
}) => {
  await page.addInitScript(() => {
    if (localStorage.getItem('candlestream.layout') !== null) return
    const indicators = [{ id: 'WARP', power: 9 }, { id: 'SMA', parameters: [-4], ink: 'red' }, 7]
    localStorage.setItem('candlestream.layout', JSON.stringify({ indicators, version: 99 }))
  })
  await start(page, scripted.url)
  await expect(legend(page)).toHaveCount(1)
  await expect(legend(page)).toContainText('SMA 20')
  await expect(page.locator('.toast')).toContainText('2 indicators of the kept layout are not known')
  await page.getByRole('button', { name: 'Hide SMA 20' }).click()
  const kept = await page.evaluate(() => JSON.parse(localStorage.getItem('candlestream.layout')!))
  expect(kept.indicators).toContainEqual({ id: 'WARP', power: 9 })
})

for (const look of ['light', 'phone', 'forced'] as const)
  test.describe(look, () => {
    test.use({
      colorScheme: look === 'light' ? 'light' : 'dark',
      ...(look === 'phone' && { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }),
      ...(look === 'forced' && { contextOptions: { forcedColors: 'active' as const } }),
    })

    test(`indicators as seen: ${look}`, async ({ page, scripted }) => {
      await start(page, scripted.url)
      if (look === 'phone') {
        await page.getByRole('button', { name: 'More' }).click()
        await page.getByRole('button', { name: 'Indicators' }).click()
        const dialog = page.getByRole('dialog', { name: 'Indicators' })
        for (const name of ['BB', 'RSI', 'ICHIMOKU']) {
          await dialog.getByRole('searchbox').fill(name)
          await dialog.getByRole('searchbox').press('Enter')
        }
        await page.screenshot({ path: 'test-results/gallery/indicators-dialog-phone.png' })
        expect(await violations(page)).toEqual([])
        await dialog.getByRole('button', { name: 'Close' }).click()
      } else await add(page, 'BB', 'RSI', 'SuperTrend', 'Ichimoku', 'VWAP', 'Volume profile')
      await expect(legend(page)).toHaveCount(look === 'phone' ? 3 : 6)
      await page.screenshot({ path: `test-results/gallery/indicators-${look}.png` })
      expect(await violations(page)).toEqual([])
    })
  })
