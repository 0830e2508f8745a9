import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { CDPSession, Page } from '@playwright/test'
import { expectCondition, test } from '../e2e/fixtures'

const SERIES = 'BTCUSD:1m'
const SECONDS = 5

/** Prints one figure a line; nothing is judged here, machines differ. */
function report(name: string, value: string): void {
  process.stdout.write(`    ${name.padEnd(44)} ${value}\n`)
}

async function loadBars(page: Page, count: number): Promise<number> {
  await page.evaluate(async (wanted) => {
    const { feed } = window.candlePage
    while (feed.list.bars.length < wanted && !feed.atStart) await feed.loadOlder()
    await window.candlePage.goLive()
  }, count)
  return page.evaluate(() => window.candlePage.feed.list.bars.length)
}

async function metrics(session: CDPSession): Promise<Record<string, number>> {
  const { metrics } = await session.send('Performance.getMetrics')
  return Object.fromEntries(metrics.map(({ name, value }) => [name, value]))
}

test('first candle and size', async ({ page, scripted }) => {
  const folder = fileURLToPath(new URL('../dist/assets', import.meta.url))
  const scripts = readdirSync(folder).filter((name) => name.endsWith('.js'))
  const size = scripts.reduce((sum, name) => sum + gzipSync(readFileSync(`${folder}/${name}`)).length, 0)
  report('JavaScript, gzip', `${(size / 1000).toFixed(1)} kB`)
  await page.addInitScript(() => {
    const look = () => {
      const drawn = window.candlePage?.chart?.drawn.bars.length ?? 0
      if (drawn > 0) Object.assign(window, { firstCandleAt: performance.now() })
      else requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  })
  for (let round = 1; round <= 3; round++) {
    await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=1m`)
    await expectCondition(page, 'live')
    const at = await page.evaluate(() => (window as unknown as { firstCandleAt: number }).firstCandleAt)
    report(`first candle after navigation, round ${round}`, `${Math.round(at)} ms`)
  }
})

for (const bars of [600, 9_600]) {
  for (const rate of [0, 10, 100, 1000]) {
    test(`${rate} updates a second on ${bars} bars`, async ({ page, scripted }) => {
      test.setTimeout(120_000)
      scripted.silent = true
      await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=1m`)
      await expectCondition(page, 'live')
      const loaded = await loadBars(page, bars)
      const session = await page.context().newCDPSession(page)
      // Time the thread really ran: what else the machine does must not count.
      await session.send('Performance.enable', { timeDomain: 'threadTicks' })
      const burst = Math.max(rate / 50, 1)
      const timer = setInterval(() => rate > 0 && scripted.tick(SERIES, burst), rate > 0 ? (1000 / rate) * burst : 1000)
      await page.waitForTimeout(1000)
      // Every draw is followed by the last price, and so are the four ticks a second.
      await page.evaluate(() => {
        const chart = window.candlePage.chart!
        const show = chart.showLastPrice.bind(chart)
        Object.assign(window, { shown: 0 })
        chart.showLastPrice = (last) => {
          ;(window as unknown as { shown: number }).shown++
          show(last)
        }
      })
      const before = await metrics(session)
      const revBefore = await page.evaluate(() => window.candlePage.feed.latest!.rev)
      await page.waitForTimeout(SECONDS * 1000)
      const after = await metrics(session)
      clearInterval(timer)
      const held = await page.evaluate(() => window.candlePage.chart!.drawn.bars.length)
      const moved = revBefore !== (await page.evaluate(() => window.candlePage.feed.latest!.rev))
      const perSecond = (name: string) => `${(((after[name]! - before[name]!) / SECONDS) * 1000).toFixed(0)} ms`
      const shown = await page.evaluate(() => (window as unknown as { shown: number }).shown)
      const draws = Math.max(shown / SECONDS - 4, 0).toFixed(0)
      const load = `${draws} draws, ${perSecond('ScriptDuration')} script, ${perSecond('TaskDuration')} all tasks a second`
      report(`${rate}/s on ${loaded} bars, ${held} in the chart${moved || rate === 0 ? '' : ' (NOT MOVING)'}`, load)
    })
  }
}
