import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Frame, Page } from '@playwright/test'
import { expect, expectCondition, moving, test, violations } from './fixtures'
import { LockedServer } from './lockedServer'

/** The frame as docs/page.md shows it. */
const SNIPPET = /<iframe .*<\/iframe>/.exec(
  readFileSync(fileURLToPath(new URL('../../docs/page.md', import.meta.url)), 'utf8'),
)![0]

/** Somebody else's page, at an origin of its own, with the body that a test gives it. */
class Blog {
  body = ''
  #server: Server = createServer((_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' })
    response.end(`<!doctype html><html lang="en"><title>Blog</title><h1>Blog</h1>${this.body}</html>`)
  })

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async start(): Promise<void> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done))
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((done) => this.#server.close(done))
  }
}

const chart = (page: Page): Frame => page.frames().find((frame) => frame.url().includes('/embed'))!

test.describe('on a server with keys', () => {
  test.describe.configure({ mode: 'serial' })
  const [listed, other] = [new Blog(), new Blog()]
  let locked: LockedServer
  let ticket = ''
  test.beforeAll(async () => {
    await Promise.all([listed.start(), other.start()])
    locked = new LockedServer([`--Security:FrameAncestors=${listed.url}`])
    await locked.start()
    const answer = await fetch(`${locked.server.url}/tickets?path=/embed&series=BTCUSD:1m`, {
      method: 'POST',
      headers: { 'X-API-Key': locked.key },
    })
    ticket = ((await answer.json()) as { ticket: string }).ticket
  })
  test.afterAll(() => Promise.all([locked.stop(), listed.stop(), other.stop()]))

  /** The documented snippet, with this server and its ticket in it. */
  const snippet = (query = 'series=BTCUSD:1m&theme=light') =>
    SNIPPET.replace('https://candles.example.org/embed', `${locked.server.url}/k/${ticket}/embed`).replace(
      /series=[^"]*/,
      query,
    )

  test('the documented frame is live in a listed page, and the browser shows it in no other', async ({
    page,
    complaints,
  }) => {
    listed.body = snippet()
    await page.goto(listed.url)
    const frame = page.frameLocator('iframe')
    await expect(frame.locator('[data-condition=live]')).toBeVisible({ timeout: 30_000 })
    await expect(frame.locator('.legend strong')).toHaveText('BTC/USD')
    await expect(frame.locator('html')).toHaveAttribute('data-theme', 'light')
    await expect(frame.locator('.pill.simulated')).toBeVisible()
    const rev = () => chart(page).evaluate(() => window.candlePage.feed.latest?.rev)
    const before = await rev()
    await expect.poll(rev).not.toBe(before)
    expect(await chart(page).evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))).toBe(
      '[{},{}]',
    )
    await page.screenshot({ path: 'test-results/gallery/embed.png' })
    other.body = snippet()
    await page.goto(other.url)
    await expect.poll(() => page.frames().length).toBe(2)
    await expect(frame.locator('.embed')).toHaveCount(0)
    await expect.poll(() => complaints.splice(0)).toEqual([expect.stringContaining('frame-ancestors')])
  })

  test('series that the ticket does not open, and no ticket, are refused in words and without a sign-in', async ({
    page,
  }) => {
    await page.goto(`${locked.server.url}/k/${ticket}/embed?series=ETHUSD:1m`)
    await expect(page.getByRole('alert')).toContainText('This ticket does not open ETHUSD:1m.')
    for (const path of ['/embed', '/k/nonsense/embed']) {
      await page.goto(`${locked.server.url}${path}?series=BTCUSD:1m`)
      await expectCondition(page, 'locked')
      await expect(page.getByRole('alert')).toContainText('The link of this chart has no ticket that is still good.')
      await expect(page.getByRole('form')).toHaveCount(0)
      expect(await violations(page)).toEqual([])
    }
  })

  test('signing out closes a chart that lives of the session and leaves one with a ticket alone', async ({
    page,
    context,
  }) => {
    await page.goto(locked.server.url)
    await page.getByLabel('API key').fill(locked.key)
    await page.keyboard.press('Enter')
    await expectCondition(page, 'live', 30_000)
    const [bySession, byTicket] = [await context.newPage(), await context.newPage()]
    await bySession.goto(`${locked.server.url}/embed?series=BTCUSD:1m`)
    await byTicket.goto(`${locked.server.url}/k/${ticket}/embed?series=BTCUSD:1m`)
    for (const tab of [bySession, byTicket]) await expectCondition(tab, 'live', 30_000)
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await expectCondition(bySession, 'locked')
    await moving(byTicket)
    await expectCondition(byTicket, 'live')
  })

  test('a chart whose key is taken away says that its ticket is over, and keeps its candles', async ({ page }) => {
    await page.goto(`${locked.server.url}/k/${ticket}/embed?series=BTCUSD:1m`)
    await expectCondition(page, 'live', 30_000)
    locked.allow('another')
    await expectCondition(page, 'locked', 30_000)
    await expect(page.locator('.old-prices')).toContainText('no ticket that is still good')
    locked.allow(locked.key)
  })
})

test.describe('with a scripted server', () => {
  test.use({ serviceWorkers: 'allow' })

  test('an update of the server changes a chart at its next load only: it asks for no file in between', async ({
    page,
    scripted,
  }) => {
    await page.goto(`${scripted.url}/embed?series=ETHUSD:5m`)
    await expectCondition(page, 'live')
    expect(await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length)).toBe(0)
    const { port } = scripted
    await scripted.stop()
    await expectCondition(page, 'offline', 30_000)
    scripted.requests = []
    await scripted.start(port)
    await expectCondition(page, 'live', 40_000)
    await moving(page)
    expect(scripted.requests.filter((path) => !path.startsWith('/candles'))).toEqual([])
  })

  test('what the address asks for is shown or said: size, palette, and links of other hands', async ({
    page,
    scripted,
  }) => {
    await page.setViewportSize({ width: 900, height: 600 })
    await page.goto(
      `${scripted.url}/embed?series=eth/usd:60&width=480&height=280&theme=purple&palette=colour-blind&speed=9`,
    )
    await expectCondition(page, 'live')
    await expect(page.locator('.legend-title')).toContainText('ETH/USD · 1h')
    const { width, height } = (await page.locator('.embed').boundingBox())!
    expect([width, height]).toEqual([480, 280])
    await expect(page.locator('html')).toHaveAttribute('data-palette', 'colour-blind')
    await expect(page.getByRole('alert')).toContainText('The link says “theme=purple”; allowed: dark, light, system.')
    await expect(page.getByRole('alert')).toContainText('The link says “speed=9”')
    expect(await violations(page)).toEqual([])
    await page.goto(`${scripted.url}/embed?series=${'X'.repeat(3000)}:1m`)
    await expect(page.getByRole('alert').first()).toContainText('a symbol that cannot be one')
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(900)
  })
})
