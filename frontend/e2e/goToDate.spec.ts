import type { Page } from '@playwright/test'
import { expect, expectCondition, expectKeys, open, test, violations } from './fixtures'

/** Time of the last bar in view; 0 where no bar is in view. */
const edge = (page: Page) => page.evaluate(() => window.candlePage.chart!.visibleTimes()?.to ?? 0)

test('a date is typed and the chart goes there; what is no date or lies ahead is refused in words', async ({
  page,
  scripted,
}) => {
  await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=1m`)
  await expectCondition(page, 'live')
  await expectKeys(page)
  await page.keyboard.press('g')
  const dialog = page.getByRole('dialog', { name: 'Go to date' })
  const field = dialog.getByLabel('Date and time (UTC)')
  await field.fill('2999-01-01T00:00')
  await dialog.getByRole('button', { name: 'Go', exact: true }).click()
  await expect(dialog.getByRole('alert')).toContainText('in the future')
  await field.fill('')
  await dialog.getByRole('button', { name: 'Go', exact: true }).click()
  await expect(dialog.getByRole('alert')).toHaveText('This is not a date.')
  expect(await violations(page)).toEqual([])
  await page.screenshot({ path: 'test-results/gallery/go-to-date.png' })
  const wanted = Math.floor((Date.now() - 5 * 86_400_000) / 60_000) * 60_000
  await field.fill(new Date(wanted).toISOString().slice(0, 16))
  await dialog.getByRole('button', { name: 'Go', exact: true }).click()
  await expect(dialog).toBeHidden()
  // Where no bar is at that minute, the last one before it is at the edge.
  await expect.poll(async () => Math.abs((await edge(page)) - wanted)).toBeLessThanOrEqual(2 * 60_000)
  await expect(page.getByRole('button', { name: 'Go to live' })).toBeVisible()
  await page.getByRole('button', { name: 'Go to live' }).click()
  await expect.poll(async () => Date.now() - (await edge(page))).toBeLessThan(3 * 60_000)
  // Before the first bar there is nothing to go to.
  await page.keyboard.press('g')
  await dialog.getByRole('button', { name: '30 days ago' }).click()
  await expect(page.locator('.toast')).toContainText('The server has no bars of')
})

test('the real server’s history is gone to', async ({ page, real }) => {
  await open(page, real.url, 'BTCUSD', '1h')
  await page.getByRole('button', { name: 'More' }).click()
  await page.getByRole('button', { name: 'Go to date' }).click()
  await page.getByRole('dialog', { name: 'Go to date' }).getByRole('button', { name: '30 days ago' }).click()
  const wanted = Date.now() - 30 * 86_400_000
  await expect.poll(async () => Math.abs((await edge(page)) - wanted)).toBeLessThanOrEqual(2 * 3_600_000)
})
