import type { Page } from '@playwright/test'
import { drawn, expect, expectCondition, expectKeys, open, test, violations } from './fixtures'

const menu = (page: Page) => page.getByRole('dialog', { name: 'Chart type' })

async function start(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/?symbol=BTCUSD&timeframe=5m`)
  await expectCondition(page, 'live')
  await expectKeys(page)
}

/** The candles alone, without the price's tag, which counts down: two pictures can be told apart. */
const picture = (page: Page) =>
  page.evaluate(() => {
    const whole = window.candlePage.chart!.screenshot()
    const part = document.createElement('canvas')
    part.width = whole.width - 90
    part.height = Math.round(whole.height * 0.7)
    part.getContext('2d')!.drawImage(whole, 0, 0)
    return part.toDataURL()
  })

test('every type of chart is drawn, each with its own look, and is there after a reload', async ({
  page,
  scripted,
}) => {
  // No bar is added while pictures are compared.
  scripted.fixedNow = Math.floor(Date.now() / 60_000) * 60_000 + 20_000
  await start(page, scripted.url)
  const now = await drawn(page)
  const gap = [now.bars.at(-40)!, now.bars.at(-28)!] as [number, number]
  scripted.hole = gap
  scripted.say({ state: 'live', connected: true, gaps: [gap] })
  await page.reload()
  await expectCondition(page, 'live')
  await expectKeys(page)
  await page.getByRole('button', { name: 'Chart type', exact: true }).click()
  await expect(menu(page).getByRole('radio', { name: 'Candles', exact: true })).toBeChecked()
  // Without the crosshair.
  await page.mouse.move(1, 1)
  const candles = await picture(page)
  const pictures = new Set([candles])
  for (const name of ['Hollow candles', 'Bars', 'Heikin-Ashi', 'Line', 'Area', 'Baseline']) {
    await menu(page).getByRole('radio', { name, exact: true }).check({ force: true })
    const before = pictures.size
    await page.mouse.move(1, 1)
    await expect.poll(async () => pictures.add(await picture(page)).size).toBeGreaterThan(before)
    await page.screenshot({ path: `test-results/gallery/type-${name.replaceAll(' ', '-')}.png` })
  }
  expect(await violations(page)).toEqual([])
  // Back to candles nothing of it stays.
  await menu(page).getByRole('radio', { name: 'Candles', exact: true }).check({ force: true })
  await page.mouse.move(1, 1)
  await expect.poll(async () => (await picture(page)) === candles).toBe(true)
  await menu(page).getByRole('radio', { name: 'Heikin-Ashi' }).check({ force: true })
  await expect(menu(page)).toContainText('show real prices')
  // The legend and the tag go on to tell the real price.
  const close = await page.evaluate(() => window.candlePage.feed.latest!.close)
  await page.keyboard.press('Escape')
  await page.mouse.move(1, 1)
  await expect(page.locator('.legend')).toContainText(close.toLocaleString('en-US', { maximumFractionDigits: 1 }))
  await page.reload()
  await expectCondition(page, 'live')
  await page.getByRole('button', { name: 'Chart type', exact: true }).click()
  await expect(menu(page).getByRole('radio', { name: 'Heikin-Ashi' })).toBeChecked()
})

test('the scale can stand on its head, the extremes and the day before are marked', async ({ page, scripted }) => {
  await start(page, scripted.url)
  await page.getByRole('button', { name: 'Chart type', exact: true }).click()
  for (const name of ['Inverted scale', 'High and low marks', 'Lines of the previous day']) {
    await menu(page).getByRole('button', { name }).click()
    await expect(menu(page).getByRole('button', { name })).toHaveAttribute('aria-pressed', 'true')
  }
  await expect.poll(() => scripted.requests.some((url) => url.includes('timeframe=1D'))).toBe(true)
  await page.keyboard.press('Escape')
  await page.screenshot({ path: 'test-results/gallery/type-marks.png' })
})

test('up to four symbols are compared in percent over the same connection', async ({ page, scripted }) => {
  await start(page, scripted.url)
  await page.setViewportSize({ width: 1720, height: 900 })
  await page.getByRole('button', { name: 'Compare', exact: true }).click()
  const panel = page.getByRole('dialog', { name: 'Compare' })
  const add = async (typed: string) => {
    await panel.getByRole('combobox').fill(typed)
    await panel.getByRole('combobox').press('Enter')
  }
  await add('ETH/USD')
  await add('solusd')
  await add('DOGEUSD')
  await expect(page.locator('.tool-legend li')).toHaveCount(3)
  await expect(page.locator('.tool-legend li').first()).toContainText(/ETH\/USD\s*[+−]\d+\.\d\d%/)
  await expect(page.getByRole('button', { name: 'Percent scale' })).toHaveAttribute('aria-pressed', 'true')
  expect(scripted.streams).toBe(1)
  await add('NOSUCH')
  await expect(page.locator('.tool-legend li').last()).toContainText('Symbol "NOSUCH" is not listed.')
  await add('LTCUSD')
  await expect(page.locator('.toast')).toContainText('At most 4 symbols')
  expect(await violations(page)).toEqual([])
  await page.keyboard.press('Escape')
  await page.mouse.move(1, 1)
  await page.screenshot({ path: 'test-results/gallery/compare.png' })
  // Each starts at zero with the first bar in view: the change is that of its own prices.
  const said = await page.locator('.tool-legend li').first().locator('.ink1').last().textContent()
  expect(Number(said!.replace('−', '-').replace('%', ''))).not.toBeNaN()
  await page.getByRole('button', { name: 'Remove NOS/UCH' }).first().click()
  await expect(page.locator('.tool-legend li')).toHaveCount(3)
  // Another timeframe keeps them.
  await page.keyboard.press('1')
  await expectCondition(page, 'live')
  await expect(page.locator('.tool-legend li').first()).toContainText(/ETH\/USD\s*[+−]\d+\.\d\d%/)
})

test('on the real server a compared symbol is what the server says of it', async ({ page, real }) => {
  await open(page, real.url, 'BTCUSD', '1m')
  await page.getByRole('button', { name: 'More' }).click()
  await page.getByRole('button', { name: 'Compare' }).click()
  const panel = page.getByRole('dialog', { name: 'Compare' })
  await panel.getByRole('combobox').fill('ETHUSD')
  await panel.getByRole('combobox').press('Enter')
  await page.keyboard.press('Escape')
  await page.mouse.move(1, 1)
  const row = page.locator('.tool-legend li').first()
  /** What the row says, less what the candles of the server make it; both move. */
  const apart = async () => {
    const seen = await page.evaluate(() => window.candlePage.chart!.visibleTimes()!)
    const answer = await fetch(`${real.url}/candles?symbol=ETHUSD&timeframe=1m&start=${seen.from}&limit=1000`)
    const { candles } = (await answer.json()) as { candles: { time: number; close: number }[] }
    const first = candles.find(({ time }) => time === seen.from)
    if (first === undefined) return Number.NaN
    const said = Number((await row.locator('.ink1').last().textContent())!.replace('−', '-').replace('%', ''))
    return Math.abs(said - (candles.at(-1)!.close / first.close - 1) * 100)
  }
  await expect.poll(apart).toBeLessThan(0.006)
})
