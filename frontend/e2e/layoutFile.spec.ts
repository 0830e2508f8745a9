import { readFile } from 'node:fs/promises'
import type { Page } from '@playwright/test'
import { expect, expectCondition, expectKeys, test } from './fixtures'

const legend = (page: Page) => page.locator('.tool-legend li')
const kept = (page: Page) =>
  page.evaluate(
    () => Object.keys(JSON.parse(localStorage.getItem('candlestream.drawings') ?? '{}').BTCUSD ?? {}).length,
  )

async function more(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'More' }).click()
  await page.locator('#more').getByRole('button', { name }).click()
}

async function load(page: Page, name: string, content: string): Promise<void> {
  const chooser = page.waitForEvent('filechooser')
  await more(page, 'Load layout and drawings (file)')
  await (await chooser).setFiles({ name, mimeType: 'application/json', buffer: Buffer.from(content) })
  await page.keyboard.press('Escape')
}

test('layout and drawings go into a file and come back; another file is refused, and loading can be taken back', async ({
  page,
  scripted,
}) => {
  await page.addInitScript(() => {
    if (localStorage.getItem('candlestream.layout') !== null) return
    const indicators = [{ id: 'SMA', parameters: [20] }, { id: 'BB' }, { id: 'FUTURE', x: 1 }]
    localStorage.setItem('candlestream.layout', JSON.stringify({ indicators, type: 'area' }))
  })
  await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=5m`)
  await expectCondition(page, 'live')
  await expectKeys(page)
  await expect(legend(page)).toHaveCount(2)
  await page.keyboard.press('Alt+h')
  expect(await kept(page)).toBe(1)
  await page.keyboard.press('Escape')
  const download = page.waitForEvent('download')
  await more(page, 'Save layout and drawings (file)')
  const file = await download
  expect(file.suggestedFilename()).toMatch(/^BTCUSD-5m-.*\.layout\.json$/)
  const content = await readFile(await file.path(), 'utf8')
  expect(JSON.parse(content)).toMatchObject({
    format: 'candlestream-layout',
    layout: { type: 'area', indicators: [{ id: 'SMA' }, { id: 'BB' }, { id: 'FUTURE', x: 1 }] },
  })
  await page.keyboard.press('Escape')
  // Another layout takes its place: the same keys, other indicators.
  const other = JSON.stringify({
    format: 'candlestream-layout',
    version: 7,
    layout: { indicators: [{ id: 'EMA', parameters: [20] }], weather: 'fine' },
  })
  await load(page, 'other.json', other)
  await expect(legend(page)).toHaveCount(1)
  await expect(legend(page)).toContainText('EMA 20')
  expect(await kept(page)).toBe(0)
  await page.locator('.toast').getByRole('button', { name: 'Undo' }).click()
  await expect(legend(page)).toHaveCount(2)
  await expect(legend(page).first()).toContainText('SMA 20')
  expect(await kept(page)).toBe(1)
  for (const wrong of ['no json', '{"format":"other"}', '[]']) {
    await load(page, 'wrong.json', wrong)
    await expect(page.locator('.toast')).toContainText(
      'wrong.json is not a layout of CandleStream. Nothing was changed.',
    )
    await expect(legend(page)).toHaveCount(2)
  }
  await load(page, 'other.json', other)
  await expect(legend(page)).toHaveCount(1)
  await load(page, 'mine.json', content)
  await expect(legend(page)).toHaveCount(2)
  expect(await kept(page)).toBe(1)
})

test('the table has a column for each line of each indicator, in full, and none where a value is not sure', async ({
  page,
  scripted,
}) => {
  scripted.fixedNow = Math.floor(Date.now() / 300_000) * 300_000 + 20_000
  const [from, to] = [scripted.fixedNow - 120 * 300_000, scripted.fixedNow - 60 * 300_000]
  scripted.hole = [Math.ceil(from / 300_000) * 300_000, Math.ceil(to / 300_000) * 300_000]
  scripted.say({ state: 'live', connected: true, gaps: [scripted.hole] })
  await page.addInitScript(() =>
    localStorage.setItem(
      'candlestream.layout',
      JSON.stringify({ indicators: [{ id: 'SMA', parameters: [20] }, { id: 'BB' }, { id: 'EMA', parameters: [40] }] }),
    ),
  )
  await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=5m`)
  await expectCondition(page, 'live')
  await expectKeys(page)
  await expect(legend(page)).toHaveCount(3)
  const download = page.waitForEvent('download')
  await more(page, 'Save bars in view (CSV)')
  const lines = (await readFile(await (await download).path(), 'utf8')).trim().split('\n')
  const head = lines[0]!.split(',')
  expect(head.slice(11)).toEqual(['SMA 20', 'BB 20 2 Upper', 'BB 20 2 Middle', 'BB 20 2 Lower', 'EMA 40'])
  const rows = lines.slice(1).map((line) => line.split(','))
  const closes = rows.slice(-20).map((row) => Number(row[6]))
  const last = rows.at(-1)!
  expect(Math.abs(Number(last[11]) - closes.reduce((a, b) => a + b, 0) / 20)).toBeLessThan(1e-6)
  expect(last[12]!.length).toBeGreaterThan(10)
  // Of the 60 bars after the gap the first 39 have no sure EMA, and the first 19 no mean.
  const after = rows.filter((row) => Date.parse(row[2]!) >= scripted.hole![1])
  expect(after.map((row) => row[15] === '').lastIndexOf(true)).toBe(38)
  expect(after.map((row) => row[11] === '').lastIndexOf(true)).toBe(18)
})
