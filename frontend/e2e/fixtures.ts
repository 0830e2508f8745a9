import { test as base, expect, type Page } from '@playwright/test'
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

export const test = base.extend<Fixtures>({
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

export const pill = (page: Page) => page.locator('.pill')

export async function expectCondition(page: Page, kind: string, timeout = 15_000): Promise<void> {
  await expect(pill(page)).toHaveAttribute('data-condition', kind, { timeout })
}

/** Open times on the canvas, and the close of the last bar. */
export function drawn(page: Page) {
  return page.evaluate(() => window.candlePage.chart!.drawn)
}

/** The drawn bars are ascending by exactly one timeframe: no hole, no duplicate. */
export async function expectNoHole(page: Page, stepMs: number): Promise<void> {
  const { bars } = await drawn(page)
  expect(bars.length).toBeGreaterThan(1)
  const odd = bars.slice(1).filter((time, index) => time - bars[index]! !== stepMs)
  expect(odd).toEqual([])
}
