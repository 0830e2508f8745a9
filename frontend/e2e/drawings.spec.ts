import type { Page } from '@playwright/test'
import { expect, expectCondition, expectKeys, open, test, violations } from './fixtures'

async function start(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/?symbol=BTCUSD&timeframe=5m`)
  await expectCondition(page, 'live')
  await expectKeys(page)
}

async function take(page: Page, tool: string): Promise<void> {
  await page.getByRole('button', { name: 'Draw', exact: true }).click()
  await page.getByRole('dialog', { name: 'Draw' }).getByRole('button', { name: tool }).click()
}

/** Presses at one place of the chart and lets go at another. */
async function drag(page: Page, from: [number, number], to: [number, number]): Promise<void> {
  await page.mouse.move(...from)
  await page.mouse.down()
  await page.mouse.move((from[0] + to[0]) / 2, (from[1] + to[1]) / 2)
  await page.mouse.move(...to)
  await page.mouse.up()
}

interface KeptDrawing {
  id: string
  anchors: { time: number; price: number }[]
  text: string
}

const kept = (page: Page, symbol = 'BTCUSD'): Promise<KeptDrawing[]> =>
  page.evaluate((name) => JSON.parse(localStorage.getItem('candlestream.drawings') ?? '{}')[name] ?? [], symbol)
const bar = (page: Page) => page.locator('.drawing-bar')
const range = (page: Page) => page.evaluate(() => window.candlePage.chart!.drawn.range)

test('each kind is drawn with the pointer, selected, moved, deleted, and the way back leads through all of it', async ({
  page,
  scripted,
}) => {
  scripted.silent = true
  await start(page, scripted.url)
  await take(page, 'Trend line')
  await expect(bar(page)).toContainText('press on the chart')
  const before = await range(page)
  await drag(page, [300, 300], [500, 250])
  // The chart has not moved under it.
  expect(await range(page)).toEqual(before)
  await expect(bar(page)).toContainText('Trend line at')
  await take(page, 'Horizontal line')
  await page.mouse.click(600, 350)
  await take(page, 'Rectangle')
  // With two clicks as well as by dragging.
  await page.mouse.click(640, 200)
  await page.mouse.move(700, 250)
  await page.mouse.click(760, 280)
  await take(page, 'Fibonacci levels')
  await drag(page, [800, 450], [950, 200])
  await take(page, 'Ray')
  await drag(page, [200, 500], [300, 480])
  await take(page, 'Vertical line')
  await page.mouse.click(420, 420)
  await take(page, 'Measure')
  await drag(page, [980, 300], [1050, 240])
  await take(page, 'Text')
  await page.mouse.click(180, 420)
  await bar(page).getByRole('textbox', { name: 'Words' }).fill('support?')
  const all = await kept(page)
  expect(all.map(({ id }) => id)).toEqual([
    'trend',
    'horizontal',
    'rectangle',
    'fibonacci',
    'ray',
    'vertical',
    'measure',
    'text',
  ])
  expect(all.at(-1)!.text).toBe('support?')
  await page.screenshot({ path: 'test-results/gallery/drawings.png' })
  expect(await violations(page)).toEqual([])
  await bar(page).getByRole('button', { name: 'Done' }).click()
  await expect(bar(page)).toBeHidden()

  // The middle of the trend line moves all of it, its end only that end.
  await drag(page, [400, 275], [420, 305])
  const [moved] = await kept(page)
  expect(moved!.anchors[0]!.price).toBeLessThan(all[0]!.anchors[0]!.price)
  expect(moved!.anchors[1]!.price).toBeLessThan(all[0]!.anchors[1]!.price)
  await page.keyboard.press('Delete')
  expect((await kept(page)).length).toBe(7)
  await page.keyboard.press('Control+z')
  await page.keyboard.press('Control+z')
  expect((await kept(page))[0]).toEqual(all[0])
  await page.keyboard.press('Control+Shift+z')
  expect((await kept(page))[0]).toEqual(moved)

  // Another symbol has none of them; they are there over timeframes and after a reload.
  await page.evaluate(() => window.candlePage.select('ETHUSD', '5m'))
  expect(await kept(page, 'ETHUSD')).toEqual([])
  await page.evaluate(() => window.candlePage.select('BTCUSD', '15m'))
  await expectCondition(page, 'live')
  await page.screenshot({ path: 'test-results/gallery/drawings-15m.png' })
  await page.reload()
  await expectCondition(page, 'live')
  await page.getByRole('button', { name: 'Draw', exact: true }).click()
  await page.getByRole('button', { name: 'Delete all drawings' }).click()
  expect(await kept(page)).toEqual([])
  await page.locator('.toast').getByRole('button', { name: 'Undo' }).click()
  expect((await kept(page)).length).toBe(8)
})

test('the keyboard alone draws, moves and deletes, and says where things are', async ({ page, scripted }) => {
  scripted.silent = true
  await start(page, scripted.url)
  await take(page, 'Horizontal line')
  await page.keyboard.press('Escape')
  await page.keyboard.press('Alt+t')
  await expect(bar(page).getByRole('status')).toContainText('Trend line at')
  const said = await bar(page).getByRole('status').textContent()
  const [before] = await kept(page)
  await page.keyboard.press('Shift+ArrowUp')
  await page.keyboard.press('ArrowLeft')
  const [after] = await kept(page)
  expect(after!.anchors[0]).toEqual(before!.anchors[0])
  expect(after!.anchors[1]!.price).toBeGreaterThan(before!.anchors[1]!.price)
  expect(before!.anchors[1]!.time - after!.anchors[1]!.time).toBe(300_000)
  await expect(bar(page).getByRole('status')).not.toHaveText(said!)
  await page.keyboard.press('Space')
  await page.keyboard.press('ArrowDown')
  expect((await kept(page))[0]!.anchors[1]!.price).toBeLessThan(after!.anchors[1]!.price)
  await page.keyboard.press('Delete')
  expect(await kept(page)).toEqual([])
})

test('with the magnet a point takes a price of its bar', async ({ page, scripted }) => {
  scripted.silent = true
  await start(page, scripted.url)
  await page.getByRole('button', { name: 'Draw', exact: true }).click()
  const menu = page.getByRole('dialog', { name: 'Draw' })
  await menu.getByRole('button', { name: 'Magnet' }).click()
  await menu.getByRole('button', { name: 'Horizontal line' }).click()
  const high = await page.evaluate(() => {
    const { bars } = window.candlePage.feed.list
    return { time: bars.at(-30)!.time, high: bars.at(-30)!.high, place: bars.length - 30 }
  })
  const spot = await page.evaluate(({ time, high: price }) => {
    const spotOf = window.candlePage.chart!.spotOf(time, price)
    const { left, top } = document.querySelector('.canvas')!.getBoundingClientRect()
    return { x: left + spotOf!.x, y: top + spotOf!.y }
  }, high)
  await page.mouse.click(spot.x, spot.y - 5)
  expect((await kept(page))[0]!.anchors[0]).toEqual({ time: high.time, price: high.high })
})

test('drawings of another hand are not lost, and storage that is full costs nothing else', async ({
  page,
  scripted,
}) => {
  await page.addInitScript(() => {
    if (localStorage.getItem('candlestream.drawings') !== null) return
    const strange = [{ id: 'spiral', anchors: [1, 2, 3] }, { id: 'trend', anchors: [{ time: 'x', price: 1 }] }, 5]
    localStorage.setItem('candlestream.drawings', JSON.stringify({ BTCUSD: strange }))
  })
  await start(page, scripted.url)
  await take(page, 'Horizontal line')
  await page.mouse.click(500, 300)
  const entries = await kept(page)
  expect(entries.map((entry) => (typeof entry === 'object' ? entry.id : entry))).toEqual([
    'horizontal',
    'spiral',
    'trend',
    5,
  ])
  await page.evaluate(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError')
    }
  })
  await take(page, 'Vertical line')
  await page.mouse.click(500, 300)
  await expect(bar(page)).toContainText('Vertical line at')
})

test.describe('by touch', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true })

  test('a line is drawn on a phone', async ({ page, scripted }) => {
    scripted.silent = true
    await start(page, scripted.url)
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('button', { name: 'Draw', exact: true }).click()
    await page.getByRole('dialog', { name: 'Draw' }).getByRole('button', { name: 'Horizontal line' }).click()
    await page.touchscreen.tap(150, 360)
    await expect(bar(page)).toContainText('Horizontal line at')
    expect((await kept(page)).length).toBe(1)
    await page.screenshot({ path: 'test-results/gallery/drawings-phone.png' })
    expect(await violations(page)).toEqual([])
  })
})

test('a drawing is part of the picture, also on the real server', async ({ page, real }) => {
  await open(page, real.url, 'BTCUSD', '1m')
  const inked = () =>
    page.evaluate(() => {
      const canvas = window.candlePage.chart!.screenshot()
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height)
      let count = 0
      // Violet, as near as the edges of a thin line are to it.
      const wanted = [181, 155, 255]
      for (let i = 0; i < data.length; i += 4)
        if (wanted.every((value, channel) => Math.abs(data[i + channel]! - value) < 25)) count++
      return count
    })
  expect(await inked()).toBe(0)
  await take(page, 'Vertical line')
  await page.mouse.click(500, 300)
  // Its handle at least: the line itself may lie between two pixels.
  await expect.poll(inked).toBeGreaterThan(20)
})
