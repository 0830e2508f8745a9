import { drawn, expect, expectCondition, test } from './fixtures'

test.use({ serviceWorkers: 'allow' })

const ready = (page: import('@playwright/test').Page) =>
  page.evaluate(async () => {
    await navigator.serviceWorker.ready
    return (await caches.keys()).length
  })

test('opens without a server: the last candles with their time, marked as old and simulated', async ({
  page,
  scripted,
}) => {
  scripted.simulated = true
  const address = `${scripted.url}/?symbol=BTCUSD&timeframe=5m`
  const port = scripted.port
  await page.goto(address)
  await expectCondition(page, 'live')
  await expect.poll(() => ready(page)).toBe(1)
  await page.evaluate(() => window.dispatchEvent(new PageTransitionEvent('pagehide')))
  await scripted.stop()
  await page.goto(address)
  await expectCondition(page, 'offline')
  await expect(page.getByRole('alert')).toContainText(/As of \d{4}-\d\d-\d\d \d\d:\d\d UTC/)
  expect((await drawn(page)).bars).toHaveLength(300)
  await expect(page.locator('.pill.simulated')).toBeVisible()
  await expect(page.locator('.header .price')).toHaveClass('price old')
  await page.screenshot({ path: 'test-results/gallery/offline-start.png' })
  await scripted.start(port)
  await expectCondition(page, 'live', 40_000)
  await expect.poll(async () => (await drawn(page)).bars.length).toBeGreaterThanOrEqual(600)
  await expect(page.getByText(/As of/)).toBeHidden()
})

test('the browser finds nothing that keeps the page from being installed', async ({ page, scripted }) => {
  await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=5m`)
  await expectCondition(page, 'live')
  await expect.poll(() => ready(page)).toBe(1)
  const browser = await page.context().newCDPSession(page)
  const { installabilityErrors } = await browser.send('Page.getInstallabilityErrors')
  // Every test runs in a context of its own, which the browser takes for a private window.
  expect(installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== 'in-incognito')).toEqual([])
  const manifest = await browser.send('Page.getAppManifest')
  expect([manifest.errors, JSON.parse(manifest.data!)]).toEqual([
    [],
    expect.objectContaining({ display: 'standalone' }),
  ])
})

test('neither the API nor the stream nor other pages are answered or kept by the service worker', async ({
  page,
  scripted,
}) => {
  await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=5m`)
  await expectCondition(page, 'live')
  await expect.poll(() => ready(page)).toBe(1)
  await page.reload()
  await expectCondition(page, 'live')
  const kept = await page.evaluate(async () => {
    const paths: string[] = []
    for (const name of await caches.keys())
      for (const { url } of await (await caches.open(name)).keys()) paths.push(new URL(url).pathname)
    return paths
  })
  expect(kept.length).toBeGreaterThan(5)
  for (const path of kept) expect(path).toMatch(/^\/(assets\/.*|favicon\.svg|ghosts\.svg|manifest\.webmanifest)?$/)
  await scripted.stop()
  for (const path of ['/candles?symbol=BTCUSD&timeframe=5m', '/embed', '/k/x/embed', '/docs']) {
    const answered = await page.evaluate(
      (url) =>
        fetch(url).then(
          () => true,
          () => false,
        ),
      path,
    )
    expect(answered, path).toBe(false)
  }
})

test('signing out leaves neither files nor candles behind', async ({ page, scripted }) => {
  await page.addInitScript(() => sessionStorage.getItem('out') ?? localStorage.setItem('candlestream.signed-in', '1'))
  await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=5m`)
  await expectCondition(page, 'live')
  await expect.poll(() => ready(page)).toBe(1)
  await page.evaluate(() => window.dispatchEvent(new PageTransitionEvent('pagehide')))
  const bars = () =>
    page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('candlestream.bars')).length)
  expect(await bars()).toBe(1)
  await page.route('**/session', (route) => route.fulfill({ status: 204 }))
  // The page is about to load again: nothing of this visit may be written after it was forgotten.
  const left = page.waitForRequest((request) => request.isNavigationRequest())
  await page.evaluate(() => sessionStorage.setItem('out', '1'))
  await page.getByRole('button', { name: 'More' }).click()
  await page.getByText('Sign out').click()
  await left
  await expectCondition(page, 'live')
  expect(await bars()).toBe(0)
})

test('a new version is said to be ready, waits for the next load, and leaves no files of the old one', async ({
  page,
  scripted,
}) => {
  await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=5m`)
  await expectCondition(page, 'live')
  await expect.poll(() => ready(page)).toBe(1)
  const names = () => page.evaluate(() => caches.keys())
  const old = await names()
  await page.reload()
  await expectCondition(page, 'live')
  await expect(page.locator('.watchlist')).toBeVisible()
  // The same version is no news.
  await expect(page.locator('.toast')).toHaveCount(0)
  scripted.newWorker = true
  await page.reload()
  await expect(page.locator('.toast')).toHaveText('A new version is ready. It is used from the next load on.')
  await expectCondition(page, 'live')
  // The new worker takes over first, and tidies up then.
  await expect.poll(names).toEqual(old.map((name) => name.replace('candlestream-', 'candlestream-next-')))
})
