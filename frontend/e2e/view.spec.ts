import { readFile } from 'node:fs/promises'
import { drawn, expect, expectCondition, expectKeys, pill, test, violations } from './fixtures'

const MINUTE = 60_000

test.beforeEach(async ({ page, scripted }, info) => {
  if (info.title.startsWith('(own start)')) return
  await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=5m`)
  await expectCondition(page, 'live')
  await expect.poll(async () => (await drawn(page)).bars.length).toBeGreaterThan(500)
  await expectKeys(page)
})

const range = async (page: import('@playwright/test').Page) => (await drawn(page)).range!

test('after a click on a timeframe the arrows scroll the chart; after Tab they belong to the group', async ({
  page,
}) => {
  await page.locator('.timeframes label', { hasText: /^15m$/ }).click()
  await expect(page).toHaveURL(/timeframe=15m/)
  await expect.poll(async () => (await drawn(page)).bars.length).toBeGreaterThan(500)
  const before = await range(page)
  await page.keyboard.press('ArrowLeft')
  await expect.poll(async () => (await range(page)).from).toBeLessThan(before.from - 5)
  await expect(page).toHaveURL(/timeframe=15m/)
  await page.getByRole('radio', { name: '15m', exact: true }).focus()
  await page.keyboard.press('ArrowRight')
  await expect(page).toHaveURL(/timeframe=1h/)
})

test('while another series is loading the keys and the watchlist stay', async ({ page, scripted }) => {
  const release = scripted.hold()
  await page.keyboard.press('/')
  await page.keyboard.type('eth')
  await page.keyboard.press('Enter')
  await expect(page.getByText('Loading ETH/USD 5m…')).toBeVisible()
  await expect(page.locator('.watchlist')).toBeVisible()
  await page.keyboard.press('d')
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light')
  await expect(page.getByText('Loading ETH/USD 5m…')).toBeVisible()
  release()
  await expect(page.getByText('Loading ETH/USD 5m…')).toBeHidden()
})

test('quick choices after each other are one step back', async ({ page }) => {
  const before = await page.evaluate(() => history.length)
  await page.getByRole('radio', { name: '5m', exact: true }).focus()
  for (let press = 0; press < 4; press++) await page.keyboard.press('ArrowRight')
  await expect(page).toHaveURL(/timeframe=1D/)
  expect(await page.evaluate(() => history.length)).toBe(before + 1)
  await page.goBack()
  await expect(page).toHaveURL(/timeframe=5m/)
})

test('(own start) digits typed together are minutes, a single one counts the timeframes, a letter opens the search', async ({
  page,
  scripted,
}) => {
  await page.clock.install()
  await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=5m`)
  await expectCondition(page, 'live')
  await expectKeys(page)
  // From here on the pause after a digit is over when the test says so.
  await page.clock.pauseAt(Date.now() + 60_000)
  await page.keyboard.type('15')
  await page.clock.runFor(699)
  await expect(page).toHaveURL(/timeframe=5m/)
  await page.clock.runFor(1)
  await expect(page).toHaveURL(/timeframe=15m/)
  await page.keyboard.type('60')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/timeframe=1h/)
  await page.keyboard.press('1')
  await page.clock.runFor(700)
  await expect(page).toHaveURL(/timeframe=1m/)
  await page.keyboard.type('77')
  await page.keyboard.press('Enter')
  await expect(page.getByText('No timeframe of 77 minutes is offered.')).toBeVisible()
  await expect(page).toHaveURL(/timeframe=1m/)
  await page.clock.resume()
  await page.keyboard.press('e')
  await expect(page.getByRole('combobox')).toHaveValue('e')
  await page.keyboard.type('th')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/symbol=ETHUSD/)
})

test('the keyboard zooms out as far as the wheel, and Auto shows when it is off', async ({ page }) => {
  for (let press = 0; press < 40; press++) await page.keyboard.press('-')
  await expect.poll(async () => (await drawn(page)).spacing).toBe(0.5)
  await page.keyboard.press('r')
  const auto = page.getByRole('button', { name: 'Auto scale' })
  await expect(auto).toHaveAttribute('aria-pressed', 'true')
  const box = (await page.locator('.stage').boundingBox())!
  await page.mouse.move(box.x + box.width - 30, box.y + 200)
  await page.mouse.down()
  await page.mouse.move(box.x + box.width - 30, box.y + 330, { steps: 5 })
  await page.mouse.up()
  await expect(auto).toHaveAttribute('aria-pressed', 'false')
  await auto.click()
  await expect(auto).toHaveAttribute('aria-pressed', 'true')
})

test('a price out of view is an outlined tag with an arrow, not a block beside wrong prices', async ({
  page,
  scripted,
}) => {
  const tag = async () => (await drawn(page)).tag
  await expect.poll(tag).toBe('inside')
  scripted.silent = true
  await page.evaluate(() => window.candlePage.chart!.showRange(0, 5))
  const { rev: _, ...last } = scripted.candleAt('BTCUSD:5m', (await drawn(page)).bars.at(-1)!)
  for (const [side, close] of [
    ['above', last.close * 2],
    ['below', last.close / 2],
  ] as const) {
    scripted.push('BTCUSD:5m', { ...last, close, high: Math.max(last.high, close), low: Math.min(last.low, close) })
    await expect.poll(tag).toBe(side)
  }
  await page.screenshot({ path: 'test-results/gallery/price-out-of-view.png' })
})

test('the right edge stays over a change of timeframe, zoom and heights over a reload', async ({ page }) => {
  await page.evaluate(() => window.candlePage.chart!.showRange(100, 200))
  const edge = () => page.evaluate(() => window.candlePage.chart!.rightEdge)
  await expect.poll(edge).not.toBeNull()
  const before = (await edge())!
  // Longer bars hold it, and shorter ones have to be fetched: it lies before their newest page.
  for (const timeframe of ['15m', '1m']) {
    await page.getByRole('radio', { name: timeframe, exact: true }).check()
    await expect.poll(async () => (await drawn(page)).bars.length).toBeGreaterThan(300)
    await expect.poll(async () => Math.abs(((await edge()) ?? 0) - before)).toBeLessThanOrEqual(15 * MINUTE)
    await expect(page.getByRole('button', { name: 'Go to live' })).toBeVisible()
  }
  await page.getByRole('button', { name: 'Go to live' }).click()
  await expect(page.getByRole('button', { name: 'Go to live' })).toBeHidden()

  for (let press = 0; press < 4; press++) await page.keyboard.press('+')
  const box = (await page.locator('.stage').boundingBox())!
  const border = await page.evaluate(() => window.candlePage.chart!.drawn.volumeShare)
  const y = box.y + (box.height - 28) * (1 - border)
  await page.mouse.move(box.x + 300, y)
  await page.mouse.down()
  await page.mouse.move(box.x + 300, y - 90, { steps: 5 })
  await page.mouse.up()
  await expect.poll(async () => (await drawn(page)).volumeShare).toBeGreaterThan(border + 0.05)
  const set = await drawn(page)
  await expect.poll(() => page.evaluate(() => window.candlePage.settings.view?.spacing)).toBe(set.spacing)
  await page.reload()
  await expectCondition(page, 'live')
  await expect.poll(async () => (await drawn(page)).spacing).toBe(set.spacing)
  expect(Math.abs((await drawn(page)).volumeShare - set.volumeShare)).toBeLessThan(0.02)
  await page.keyboard.press('r')
  await expect.poll(async () => (await drawn(page)).spacing).toBe(8)
})

test('a picture and a table name their series, source and time, and say SIMULATED', async ({ page, scripted }) => {
  scripted.simulated = true
  await page.reload()
  await expectCondition(page, 'live')
  await expect(page.locator('.pill.simulated')).toHaveText(/Simulated/)
  await page.getByRole('button', { name: 'More' }).click()
  const [table] = await Promise.all([page.waitForEvent('download'), page.getByText('Save bars in view (CSV)').click()])
  expect(table.suggestedFilename()).toMatch(/^BTCUSD-5m-\d{8}-\d{4}Z-SIMULATED\.csv$/)
  const [header, first] = (await readFile(await table.path(), 'utf8')).split('\n')
  expect(header).toBe('symbol,timeframe,time,open,high,low,close,volume,closed,source,exported_at')
  expect(first).toMatch(/^BTCUSD,5m,\d{4}-.*,SIMULATED,\d{4}-/)
  const [picture] = await Promise.all([page.waitForEvent('download'), page.getByText('Save picture (PNG)').click()])
  expect(picture.suggestedFilename()).toMatch(/^BTCUSD-5m-\d{8}-\d{4}Z-SIMULATED\.png$/)
  await picture.saveAs('test-results/gallery/export.png')
  // The line above the chart is drawn, not only meant to be.
  const colours = await page.evaluate(
    async (address) => {
      const image = new Image()
      image.src = address
      await image.decode()
      const canvas = document.createElement('canvas')
      canvas.width = image.width
      canvas.height = 34
      const context = canvas.getContext('2d')!
      context.drawImage(image, 0, 0)
      const { data } = context.getImageData(0, 0, image.width, 34)
      return new Set(data.filter((_, at) => at % 4 === 0)).size
    },
    `data:image/png;base64,${(await readFile(await picture.path())).toString('base64')}`,
  )
  expect(colours).toBeGreaterThan(10)
})

test('the chart speaks candle by candle, and says what is not known between two', async ({ page, scripted }) => {
  const { bars } = await drawn(page)
  scripted.hole = [bars.at(-4)!, bars.at(-3)!]
  scripted.say({ state: 'live', connected: true, gaps: [scripted.hole] })
  await page.reload()
  await expectCondition(page, 'live')
  await expect.poll(() => page.evaluate(() => window.candlePage.feed.gaps.length)).toBe(1)
  await page.getByRole('group', { name: /^Chart of BTC\/USD 5m/ }).focus()
  const spoken = page.getByTestId('spoken')
  await page.keyboard.press('ArrowLeft')
  await expect(spoken).toContainText(/UTC: open .*, high .*, low .*, close .*, volume .*\. Still forming\./)
  await page.keyboard.press('ArrowLeft')
  await expect(spoken).not.toContainText('forming')
  await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('ArrowLeft')
  await expect(spoken).toContainText('Not known: the feed was cut from')
  const { from } = await range(page)
  await page.keyboard.press('Home')
  await expect.poll(async () => (await range(page)).from).toBeLessThan(from)
  expect(await violations(page)).toEqual([])
  await page.keyboard.press('Escape')
  await expect(spoken).toHaveText('')
})

test('a removed row can be brought back, and its cross never covers the price', async ({ page }) => {
  const row = page.locator('.watchlist li').nth(1)
  await expect(row.locator('.watch-price')).not.toContainText('—')
  await row.hover()
  const cross = (await row.locator('.unwatch').boundingBox())!
  const price = await row.locator('.watch-price').evaluate((element) => {
    const rest = [...element.children].map((child) => child.getBoundingClientRect().left)
    return Math.min(...rest)
  })
  expect(cross.x + cross.width).toBeLessThanOrEqual(price)
  const rows = await page.locator('.watchlist li').count()
  await row.locator('.unwatch').click()
  await expect(page.locator('.watchlist li')).toHaveCount(rows - 1)
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(page.locator('.watchlist li')).toHaveCount(rows)
})

test('search puts what is meant first: spot before perpetual, watched, dollars', async ({ page }) => {
  await page.keyboard.press('/')
  await page.keyboard.type('b')
  await expect(page.getByRole('option').first()).toContainText('BTC/USD')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/symbol=BTCUSD/)
  await page.keyboard.press('/')
  await page.keyboard.type('doge')
  const option = page.getByRole('option').first()
  await option.locator('.star').click()
  await expect(option.locator('.star')).toHaveClass(/on/)
  await page.keyboard.press('Escape')
  await expect(page.locator('.watchlist')).toContainText('DOGE/USD')
})

for (const [asked, symbol] of [
  ['btcusd', 'BTCUSD'],
  ['BTC/USD', 'BTCUSD'],
  ['tBTCUSD', 'BTCUSD'],
  ['DOGEUSD', 'DOGE:USD'],
] as const) {
  test(`(own start) a link to ${asked} shows ${symbol}`, async ({ page, scripted }) => {
    await page.goto(`${scripted.url}/?symbol=${encodeURIComponent(asked)}&timeframe=60`)
    await expectCondition(page, 'live')
    expect(await page.evaluate(() => window.candlePage.feed.series)).toBe(`${symbol}:1h`)
    await expect(page).toHaveURL(new RegExp(`symbol=${encodeURIComponent(symbol)}&timeframe=1h`))
  })
}

test('(own start) a link to a timeframe that is not offered says so and is not rewritten', async ({
  page,
  scripted,
}) => {
  await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=4h`)
  await expectCondition(page, 'live')
  await expect(page.getByRole('alert')).toContainText('“4h”')
  await expect(page.getByRole('alert')).toContainText('This is 3h')
  await expect(page).toHaveURL(/timeframe=4h/)
  expect(await violations(page)).toEqual([])
  await page.screenshot({ path: 'test-results/gallery/link-timeframe.png' })
  await page.getByRole('radio', { name: '1h', exact: true }).check()
  await expect(page).toHaveURL(/timeframe=1h/)
  await expect(page.getByText('“4h”')).toBeHidden()
})

test('(own start) a symbol of 3000 letters is refused in words and pushes nothing off the screen', async ({
  page,
  scripted,
}) => {
  await page.goto(`${scripted.url}/?symbol=${'X'.repeat(3000)}&timeframe=1m`)
  await expectCondition(page, 'error')
  await expect(page.getByText('The link names a symbol that cannot be one.').first()).toBeVisible()
  expect(scripted.requests.filter((request) => request.startsWith('/candles?'))).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(1440)
  await expect(page.getByRole('button', { name: 'More' })).toBeInViewport()
  await expect(pill(page).last()).toBeInViewport()
  await page.screenshot({ path: 'test-results/gallery/link-symbol.png' })
})

test('(own start) storage that is forbidden costs nothing but the memory, and the page says so', async ({
  page,
  scripted,
}) => {
  await page.addInitScript(() => {
    for (const name of ['getItem', 'setItem'] as const)
      Storage.prototype[name] = () => {
        throw new DOMException('forbidden', 'SecurityError')
      }
  })
  await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=5m`)
  await expectCondition(page, 'live')
  await expectKeys(page)
  await page.keyboard.press('l')
  await page.getByRole('button', { name: 'More' }).click()
  await expect(page.getByText('Not kept in this browser')).toBeVisible()
})

test.describe('on a light system', () => {
  test.use({ colorScheme: 'light' })
  test('(own start) the first visit is light', async ({ page, scripted }) => {
    await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=5m`)
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'light')
    await expect(page).toHaveTitle(/BTC\/USD/)
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('CandleStream')
  })
})

test.describe('in German', () => {
  test.use({ locale: 'de-DE' })
  test('(own start) words, numbers and dates are German', async ({ page, scripted }) => {
    await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=5m`)
    await expectCondition(page, 'live')
    await expect(page.locator('html')).toHaveAttribute('lang', 'de-DE')
    await expect(page.getByRole('heading', { name: 'Merkliste' })).toBeVisible()
    await expect(page.locator('.header .price')).toHaveText(/^\d{2}\.\d{3}/)
    await page.getByRole('button', { name: 'Mehr', exact: true }).click()
    await expect(page.getByRole('button', { name: /^Farbenblinden-Palette/ })).toBeVisible()
    expect(await violations(page)).toEqual([])
    await page.screenshot({ path: 'test-results/gallery/german.png' })
  })
})

test.describe('in forced colours', () => {
  test.use({ contextOptions: { forcedColors: 'active' } })
  test('(own start) what is chosen is told by more than colour', async ({ page, scripted }) => {
    await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=5m`)
    await expectCondition(page, 'live')
    await expectKeys(page)
    const backgrounds = async (chosen: string, other: string) => {
      const of = (selector: string) =>
        page
          .locator(selector)
          .first()
          .evaluate((element) => getComputedStyle(element).backgroundColor)
      return [await of(chosen), await of(other)]
    }
    const highlight = await page.evaluate(() => {
      const probe = document.createElement('i')
      probe.style.setProperty('forced-color-adjust', 'none')
      probe.style.backgroundColor = 'Highlight'
      document.body.append(probe)
      return getComputedStyle(probe).backgroundColor
    })
    const [chosen, other] = await backgrounds(
      '.timeframes input:checked + span',
      '.timeframes input:not(:checked) + span',
    )
    expect([chosen, other === highlight]).toEqual([highlight, false])
    const [row, otherRow] = await backgrounds('.watch-row[aria-current="true"]', '.watch-row[aria-current="false"]')
    expect([row, otherRow === highlight]).toEqual([highlight, false])
    const [on, off] = await backgrounds('.scale-buttons [aria-pressed="true"]', '.scale-buttons [aria-pressed="false"]')
    expect([on, off === highlight]).toEqual([highlight, false])
    await page.screenshot({ path: 'test-results/gallery/forced-colors.png' })
    await page.getByRole('button', { name: 'More' }).click()
    await page.screenshot({ path: 'test-results/gallery/forced-colors-more.png' })
    await page.keyboard.press('Escape')
    await page.keyboard.press('/')
    const [option, otherOption] = await backgrounds(
      '[role="option"][aria-selected="true"]',
      '[role="option"][aria-selected="false"]',
    )
    expect([option, otherOption === highlight]).toEqual([highlight, false])
  })
})

test('every state that is on is also said: pressed, chosen, marked', async ({ page }) => {
  await page.keyboard.press('l')
  await expect(page.getByRole('button', { name: 'Log scale' })).toHaveAttribute('aria-pressed', 'true')
  await page.getByRole('button', { name: 'More' }).click()
  const palette = page.getByRole('button', { name: 'Colour-blind palette' })
  await expect(palette).toHaveAttribute('aria-pressed', 'false')
  await palette.click()
  await expect(palette).toHaveAttribute('aria-pressed', 'true')
  await expect(palette).toContainText('✓')
  await expect(page.getByRole('radio', { name: 'Log', exact: true })).toBeChecked()
})
