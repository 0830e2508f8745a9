import { test as base, expect, type Page } from '@playwright/test'
import axe from 'axe-core'
import { RealServer } from './realServer'
import { ScriptedServer } from './scriptedServer'

/** The page's own view of itself, for assertions. */
declare global {
  interface Window {
    candlePage: import('../src/state/page').Page
  }
}

interface Fixtures {
  scripted: ScriptedServer
  /** Collects what must never happen: uncaught errors, console errors, violations of the Content-Security-Policy. */
  complaints: string[]
}

/** One real server and one simulated exchange for the tests of a file; a test that stops the server starts it again. */
interface Shared {
  real: RealServer
}

export const test = base.extend<Fixtures, Shared>({
  real: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright insists on the pattern
    async ({}, use) => {
      const server = new RealServer()
      await server.startAll()
      await use(server)
      await server.stopAll()
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  // biome-ignore lint/correctness/noEmptyPattern: Playwright insists on the pattern
  scripted: async ({}, use) => {
    const server = new ScriptedServer()
    await server.start()
    await use(server)
    await server.stop()
  },
  complaints: [
    async ({ page }, use) => {
      const complaints: string[] = []
      page.on('pageerror', (error) => complaints.push(String(error)))
      page.on('console', (message) => {
        const text = message.text()
        // The browser itself reports every failed load, also those a test has asked for.
        if (message.type() === 'error' && !text.startsWith('Failed to load resource')) complaints.push(text)
      })
      await use(complaints)
      expect(complaints).toEqual([])
    },
    { auto: true },
  ],
})

export { expect }

export const pill = (page: Page) => page.locator('[data-condition]')

export async function expectCondition(page: Page, kind: string, timeout = 15_000): Promise<void> {
  await expect(pill(page)).toHaveAttribute('data-condition', kind, { timeout })
}

/** The keys work: they come with the rail, after the first candle. */
export async function expectKeys(page: Page): Promise<void> {
  await expect(page.locator('.rail')).toBeAttached()
}

/** Tries now, as a press of the pill's button does: what comes next need not wait for the pause. */
export function retry(page: Page): Promise<void> {
  return page.evaluate(() => window.candlePage.client.reconnect())
}

/** Open times on the canvas, and the close of the last bar. */
export function drawn(page: Page) {
  return page.evaluate(() => window.candlePage.chart!.drawn)
}

/** The drawn bars are ascending by exactly one timeframe: no hole, no duplicate. What was merged is drawn with the next frame. */
export async function expectNoHole(page: Page, stepMs: number): Promise<void> {
  await expect
    .poll(async () => {
      const { bars } = await drawn(page)
      return bars.length > 1 ? bars.slice(1).filter((time, index) => time - bars[index]! !== stepMs) : 'no bars'
    })
    .toEqual([])
}

/** Opens a series and waits until it is live and drawn. */
export async function open(page: Page, url: string, symbol: string, timeframe: string): Promise<void> {
  await page.goto(`${url}/?symbol=${symbol}&timeframe=${timeframe}`)
  await expectCondition(page, 'live', 30_000)
  await expect.poll(async () => (await drawn(page)).bars.length).toBeGreaterThan(1)
  await expectKeys(page)
}

/** The last drawn candle changes. */
export async function moving(page: Page, timeout = 20_000): Promise<void> {
  const before = await page.evaluate(() => window.candlePage.feed.latest?.rev)
  await expect.poll(() => page.evaluate(() => window.candlePage.feed.latest?.rev), { timeout }).not.toBe(before)
}

/** Ascending, without duplicates and never closer than one timeframe: minutes without a trade have no bar. */
export async function expectNoStepBelow(page: Page, stepMs: number): Promise<void> {
  await expect.poll(async () => (await drawn(page)).bars.length).toBeGreaterThan(1)
  const { bars } = await drawn(page)
  const odd = bars
    .slice(1)
    .filter((time, index) => time - bars[index]! < stepMs || (time - bars[index]!) % stepMs !== 0)
  expect(odd).toEqual([])
}

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** What axe finds wrong with the page as it is now: rule and elements. */
export async function violations(page: Page): Promise<string[][]> {
  // The Content-Security-Policy does not apply to what the debugger evaluates.
  await page.evaluate(axe.source)
  return page.evaluate(async (values) => {
    const { axe } = window as unknown as { axe: typeof import('axe-core') }
    const { violations } = await axe.run({ runOnly: { type: 'tag', values } })
    return violations.map(({ id, nodes }) => [id, ...nodes.map((node) => node.html)])
  }, RULES)
}
