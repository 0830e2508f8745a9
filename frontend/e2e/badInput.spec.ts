import { drawn, expect, expectCondition, expectKeys, moving, pill, test } from './fixtures'

const ADDRESS = '/?symbol=BTCUSD&timeframe=5m'

test('a link of another version is said to ask for more, what it asks for besides is shown, and nothing of it is lost', async ({
  page,
  scripted,
}) => {
  const link = `${scripted.url}${ADDRESS}&layout=4&utm_source=mail#v9:eyJjaGFydHMiOlt`
  await page.goto(link)
  await expectCondition(page, 'live')
  await expect(page.getByRole('alert')).toContainText('more than this version knows (layout, #v9:eyJjaGFydHMiOlt)')
  expect(page.url()).toBe(link)
  await page.screenshot({ path: 'test-results/gallery/link-version.png' })
  await page.getByRole('radio', { name: '1h', exact: true }).check()
  await expect(page.getByRole('alert')).toBeHidden()
  await expect(page).toHaveURL(/symbol=BTCUSD&timeframe=1h$/)
})

test('storage that is full costs nothing but the memory, and the page says so', async ({ page, scripted }) => {
  await page.addInitScript(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError')
    }
  })
  await page.goto(`${scripted.url}${ADDRESS}`)
  await expectCondition(page, 'live')
  await expectKeys(page)
  await page.getByRole('radio', { name: '1h', exact: true }).check()
  await moving(page)
  // A reader who leaves has nothing kept, and sees no error.
  await page.evaluate(() => window.dispatchEvent(new PageTransitionEvent('pagehide')))
  await page.getByRole('button', { name: 'More' }).click()
  await expect(page.getByText('Not kept in this browser')).toBeVisible()
})

test('a symbol that vanishes from the exchange is said to be gone, in its row and on its chart; the others go on', async ({
  page,
  scripted,
}) => {
  await page.goto(`${scripted.url}/?symbol=ETHUSD&timeframe=5m`)
  await expectCondition(page, 'live')
  await expectKeys(page)
  // What was chosen is remembered, as it would be by somebody who watches it.
  await page.evaluate(() => window.candlePage.change({ watch: ['BTCUSD', 'ETHUSD'] }))
  scripted.vanished = ['ETHUSD']
  scripted.dropStreams()
  // The candles stay, and the word beside them says why there are no more.
  await expectCondition(page, 'down', 30_000)
  await expect(pill(page)).toHaveAttribute('title', /is not listed/)
  expect((await drawn(page)).bars.length).toBeGreaterThan(1)
  await page.reload()
  await expectCondition(page, 'error')
  await expect(page.getByRole('alert')).toContainText('Symbol "ETHUSD" is not listed.')
  await expect(page.locator('.watch-row.old', { hasText: 'ETH' })).toHaveAttribute('title', /is not listed/)
  await page.locator('.watch-row', { hasText: 'BTC/USD' }).click()
  await expectCondition(page, 'live')
  await moving(page)
})

test('a time zone that nobody knows is UTC', async ({ page, scripted }) => {
  await page.addInitScript(() => {
    localStorage.setItem('candlestream.settings', '{"timeZone":"Mars/Phobos"}')
    // A browser that cannot tell its own zone.
    const real = Intl.DateTimeFormat.prototype.resolvedOptions
    Intl.DateTimeFormat.prototype.resolvedOptions = function () {
      return { ...real.call(this), timeZone: 'Etc/Unknown' }
    }
  })
  await page.goto(`${scripted.url}${ADDRESS}`)
  await expectCondition(page, 'live')
  await expect(page.locator('.clock')).toHaveText(/ UTC$/)
  await page.keyboard.press('t')
  await expect(page.locator('.clock')).toHaveText(/ UTC[+−]\d/)
})

test.describe('behind a service worker of an earlier version', () => {
  test.use({ serviceWorkers: 'allow' })

  test('a server of another version is read as far as it is understood, and the page says no more than it knows', async ({
    page,
    scripted,
  }) => {
    await page.goto(`${scripted.url}${ADDRESS}`)
    await expectCondition(page, 'live')
    await expect.poll(() => page.evaluate(async () => (await caches.keys()).length)).toBe(1)
    scripted.otherVersion = true
    await page.route('**/', (route) => route.abort())
    await page.reload()
    await expectCondition(page, 'live')
    await moving(page)
    // Nobody has said whose prices these are.
    await expect(page.locator('.legend-title')).not.toContainText('Bitfinex')
    await expect(page.locator('.pill.simulated')).toHaveCount(0)
    await expect(page.locator('.timeframes label')).toHaveText(['1m', '5m', '15m', '1h', '6h', '1D'])
  })
})
