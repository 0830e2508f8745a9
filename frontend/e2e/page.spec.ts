import {
  drawn,
  expect,
  expectCondition,
  expectKeys,
  expectNoStepBelow,
  moving,
  open,
  pill,
  test,
  violations,
} from './fixtures'

const MINUTE = 60_000

test.describe('with the real server', () => {
  test('⚡ is on and a tick moves the last candle', async ({ page, real }) => {
    await open(page, real.url, 'BTCUSD', '1m')
    await expect(page).toHaveTitle(/^⚡ .*BTC\/USD 1m$/)
    await expect(page.locator('.pill.simulated')).toBeVisible()
    await moving(page)
  })

  test('symbols and timeframes are switched by mouse, keyboard and address', async ({ page, real }) => {
    await open(page, real.url, 'BTCUSD', '1m')
    await page.getByRole('radio', { name: '1h', exact: true }).check()
    await expect(page).toHaveURL(/timeframe=1h/)
    await expectCondition(page, 'live')
    await expectNoStepBelow(page, 60 * MINUTE)
    await page.keyboard.press('/')
    await page.keyboard.type('eth')
    await page.keyboard.press('Enter')
    await expect(page).toHaveURL(/symbol=ETHUSD/)
    await expectCondition(page, 'live')
    await page.goBack()
    await expect(page).toHaveURL(/symbol=BTCUSD/)
    await expectCondition(page, 'live')
    await expect(page.locator('.legend strong')).toHaveText('BTC/USD')
  })

  test('rapid switching ends with the last choice and one stream', async ({ page, real }) => {
    await open(page, real.url, 'BTCUSD', '1m')
    for (const timeframe of ['5m', '15m', '6h', '1m', '1h', '5m', '15m', '1h'])
      await page.locator('.timeframes label', { hasText: new RegExp(`^${timeframe}$`) }).click()
    await expectCondition(page, 'live')
    await expect(page).toHaveURL(/timeframe=1h/)
    await expectNoStepBelow(page, 60 * MINUTE)
    await moving(page, 30_000)
  })

  test('a symbol that does not exist is said in the server’s words, and another can be chosen', async ({
    page,
    real,
  }) => {
    await page.goto(`${real.url}/?symbol=NOPENOPE&timeframe=1m`)
    await expectCondition(page, 'error')
    await expect(page.getByRole('alert')).toContainText('NOPENOPE')
    await page.getByRole('button', { name: 'Choose a symbol' }).click()
    await page.keyboard.type('btcusd')
    await page.keyboard.press('Enter')
    await expectCondition(page, 'live')
  })

  test('scrolling back loads history and keeps the view; Go to live returns', async ({ page, real }) => {
    await open(page, real.url, 'BTCUSD', '1m')
    const before = await drawn(page)
    await page.evaluate(() => window.candlePage.chart!.showRange(20, 120))
    const seen = () => page.evaluate(() => window.candlePage.chart!.visibleTimes())
    const from = before.bars[20]!
    await expect
      .poll(async () => (await drawn(page)).bars.length, { timeout: 20_000 })
      .toBeGreaterThan(before.bars.length)
    // The chart moves its view with the next frame.
    await expect.poll(async () => Math.abs((await seen())!.from - from)).toBeLessThanOrEqual(2 * MINUTE)
    const after = (await seen())!
    await expectNoStepBelow(page, MINUTE)
    await page.keyboard.press('d')
    await expect.poll(async () => (await seen())!.from).toBe(after.from)
    await page.getByRole('button', { name: 'Go to live' }).click()
    await expect(page.getByRole('button', { name: 'Go to live' })).toBeHidden()
    await moving(page)
  })

  test('a live page asks the server at most once a minute', async ({ page, real }) => {
    await page.clock.install()
    await open(page, real.url, 'BTCUSD', '1m')
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    await page.clock.runFor(12_000)
    await moving(page)
    expect(asked.length).toBeLessThanOrEqual(1)
  })

  test('PNG and CSV hold what is seen', async ({ page, real }) => {
    await open(page, real.url, 'BTCUSD', '1m')
    await page.getByRole('button', { name: 'More' }).click()
    const [table] = await Promise.all([
      page.waitForEvent('download'),
      page.getByText('Save bars in view (CSV)').click(),
    ])
    expect(table.suggestedFilename()).toMatch(/^BTCUSD-1m-.*-SIMULATED\.csv$/)
    const [picture] = await Promise.all([page.waitForEvent('download'), page.getByText('Save picture (PNG)').click()])
    expect(picture.suggestedFilename()).toMatch(/^BTCUSD-1m-.*-SIMULATED\.png$/)
  })

  test('the watchlist moves on the same connection and is kept by the browser', async ({ page, real }) => {
    await open(page, real.url, 'BTCUSD', '1m')
    await expect(page.locator('.watch-row')).not.toHaveCount(0)
    const first = page.locator('.watchlist li').first()
    await expect(first.locator('.watch-price')).not.toContainText('—')
    const rows = await page.locator('.watchlist li').count()
    await first.hover()
    await first.getByRole('button', { name: /Stop watching/ }).click()
    await expect(page.locator('.watchlist li')).toHaveCount(rows - 1)
    await page.reload()
    await expect(page.locator('.watchlist li')).toHaveCount(rows - 1)
  })

  test('scale, time zone, theme and palette are remembered', async ({ page, real }) => {
    await open(page, real.url, 'BTCUSD', '1m')
    for (const key of ['l', 't', 'd', 'c']) await page.keyboard.press(key)
    await page.reload()
    await expectCondition(page, 'live')
    await expect(page.getByRole('button', { name: 'Log scale' })).toHaveAttribute('aria-pressed', 'true')
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'light')
    await expect(page.locator('html')).toHaveAttribute('data-palette', 'colour-blind')
    await expect(page.locator('.clock')).toContainText('UTC+0')
  })

  for (const theme of ['dark', 'light'] as const) {
    test(`axe finds nothing, ${theme}`, async ({ page, real }) => {
      await open(page, real.url, 'BTCUSD', '1m')
      if (theme === 'light') await page.keyboard.press('d')
      expect(await violations(page)).toEqual([])
      await page.keyboard.press('/')
      expect(await violations(page)).toEqual([])
      await page.keyboard.press('Escape')
      await page.getByRole('button', { name: 'More' }).click()
      expect(await violations(page)).toEqual([])
      await page.goto(`${real.url}/?symbol=NOPENOPE&timeframe=1m`)
      await expectCondition(page, 'error')
      expect(await violations(page)).toEqual([])
    })
  }

  test('single keys can be turned off, which is remembered; arrows and buttons go on', async ({ page, real }) => {
    await open(page, real.url, 'BTCUSD', '1m')
    await page.getByRole('button', { name: 'More' }).click()
    const keys = page.getByRole('button', { name: 'Single-key shortcuts' })
    await expect(keys).toHaveAttribute('aria-pressed', 'true')
    await keys.click()
    await expect(keys).toHaveAttribute('aria-pressed', 'false')
    expect(await violations(page)).toEqual([])
    await page.reload()
    await expectCondition(page, 'live')
    await expectKeys(page)
    for (const key of ['d', 'l', '5', '/', '?']) await page.keyboard.press(key)
    await page.keyboard.press('ArrowLeft')
    await expect(page.getByRole('button', { name: 'Go to live' })).toBeVisible()
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
    await expect(page.getByRole('button', { name: 'Log scale' })).toHaveAttribute('aria-pressed', 'false')
    await expect(page).toHaveURL(/timeframe=1m/)
    await expect(page.getByRole('dialog')).toHaveCount(0)
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('button', { name: 'Keys and help' }).click()
    await expect(page.getByText('Single-key shortcuts are off')).toBeVisible()
    expect(await violations(page)).toEqual([])
  })

  test('the whole page can be used without a mouse', async ({ page, real }) => {
    await open(page, real.url, 'BTCUSD', '1m')
    await page.getByRole('radio', { name: '1m', exact: true }).focus()
    await page.keyboard.press('ArrowRight')
    await expect(page).toHaveURL(/timeframe=5m/)
    await page.keyboard.press('?')
    await expect(page.getByRole('dialog', { name: 'Keyboard' })).toBeVisible()
    await page.keyboard.press('Escape')
    await expect(page.getByRole('dialog', { name: 'Keyboard' })).toBeHidden()
    await expect(page.getByRole('table', { name: /last 20 bars/ })).toBeAttached()
    await expect(pill(page).getByRole('status')).toContainText('Live')
  })

  test.describe('on a phone', () => {
    test.use({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true })
    test('nothing scrolls sideways and targets are large enough', async ({ page, real }) => {
      await open(page, real.url, 'BTCUSD', '1m')
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
      for (const target of await page.locator('header button:visible, header label:visible').all()) {
        const box = (await target.boundingBox())!
        expect(box.height).toBeGreaterThanOrEqual(32)
      }
      await page.locator('.symbol-button').tap()
      await expect(page.getByRole('dialog', { name: 'Find a symbol' })).toBeVisible()
    })
  })
})
