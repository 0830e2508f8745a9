import type { Page } from '@playwright/test'
import { drawn, expect, expectCondition, expectKeys, test } from './fixtures'

const HOUR = 3_600_000

interface Tick {
  time: number
  weight: number
  label: string
}

/** The places in view that begin a day, a month or a year, as the axis writes them. */
async function beginnings(page: Page): Promise<Tick[]> {
  const ticks = await page.evaluate(() => window.candlePage.chart!.ticks)
  // The first place in view may begin a day or lie within one.
  return ticks.slice(1).filter(({ weight }) => weight >= 50)
}

/** Every local date of the bars in view but the first, by the browser's own calendar. */
function datesInView(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const dates = window.candlePage.chart!.ticks.map(({ time }) => new Date(time).toDateString())
    return [...new Set(dates)].slice(1)
  })
}

for (const [zone, name, moment] of [
  ['America/New_York', 'clocks go back', '2026-11-03T15:00Z'],
  ['America/New_York', 'clocks go forward', '2026-03-10T15:00Z'],
  ['Asia/Kolkata', 'half an hour', '2026-05-04T15:00Z'],
  ['Pacific/Auckland', 'clocks go back', '2026-04-06T15:00Z'],
  ['Pacific/Auckland', 'clocks go forward', '2026-09-28T15:00Z'],
] as const) {
  test.describe(`in ${zone}, ${name}`, () => {
    test.use({ timezoneId: zone })
    test('the axis has one date per local midnight, and the clock names its distance from UTC', async ({
      page,
      scripted,
    }) => {
      scripted.fixedNow = Date.parse(moment)
      await page.clock.setFixedTime(scripted.fixedNow)
      await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=1h`)
      await expectCondition(page, 'live')
      await expect.poll(async () => (await drawn(page)).bars.length).toBe(600)
      const utc = await beginnings(page)
      expect(utc.length).toBeGreaterThan(3)
      for (const { time } of utc) expect(time % (24 * HOUR)).toBe(0)
      await expectKeys(page)
      await page.keyboard.press('t')
      await expect(page.locator('.clock')).toContainText(/UTC[+−]\d/)
      const local = await beginnings(page)
      const dates = await page.evaluate(
        (times) => times.map((time) => new Date(time).toDateString()),
        local.map(({ time }) => time),
      )
      expect(dates).toEqual(await datesInView(page))
      expect(dates.length).toBeGreaterThan(3)
      for (const [index, { label }] of local.entries())
        expect(dates[index]).toContain(label.split(' ').at(-1)!.padStart(2, '0'))
      await page.screenshot({
        path: `test-results/gallery/axis-${zone.replace('/', '-')}-${name.replaceAll(' ', '-')}.png`,
      })
      // Back to UTC the axis is what it was.
      await page.keyboard.press('t')
      expect(await beginnings(page)).toEqual(utc)
    })
  })
}

test.describe('in New York', () => {
  test.use({ timezoneId: 'America/New_York' })
  test('a year begins on the axis where it begins there', async ({ page, scripted }) => {
    scripted.fixedNow = Date.parse('2026-01-06T15:00Z')
    await page.clock.setFixedTime(scripted.fixedNow)
    await page.addInitScript(() => localStorage.setItem('candlestream.settings', '{"timeZone":"local"}'))
    await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=12h`)
    await expectCondition(page, 'live')
    const year = (await beginnings(page)).find(({ weight }) => weight === 70)!
    expect(new Date(year.time).toISOString()).toBe('2026-01-01T12:00:00.000Z')
    expect(year.label).toBe('2026')
  })

  test('the log, the legend and the table tell time in the zone of the page', async ({ page, scripted }) => {
    await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=1h`)
    await expectCondition(page, 'live')
    await expect(page.locator('.events time').first()).toContainText('UTC')
    await expect(page.locator('.events time').first()).not.toContainText('−')
    await expectKeys(page)
    await page.keyboard.press('t')
    await expect(page.locator('.events time').first()).toContainText(/UTC−[45]/)
    await expect(page.getByRole('table').locator('tbody th').first()).toContainText(/UTC−[45]/)
  })
})

test('server time is the server’s while polling too: clock, countdown and the day', async ({ page, scripted }) => {
  await page.addInitScript(() => {
    const real = Date.now.bind(Date)
    Date.now = () => real() + 3 * 3_600_000
    window.EventSource = class {
      constructor() {
        throw new Error('blocked')
      }
    } as unknown as typeof EventSource
  })
  await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=1m`)
  await expectCondition(page, 'polling')
  await expect(page.locator('.footer strong')).toHaveText(/^00:\d\d$|^01:00$/)
  const wrong = () => page.evaluate(() => Math.abs(window.candlePage.serverNow - Date.now() + 3 * 3_600_000))
  expect(await wrong()).toBeLessThan(2000)
  await expect(page.locator('.day dd').first()).toBeVisible()
})
