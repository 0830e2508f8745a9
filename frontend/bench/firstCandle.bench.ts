import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Page } from '@playwright/test'
import { expect, test } from '@playwright/test'
import { RealServer } from '../e2e/realServer'

/** Visits of each page, turn by turn; the first of each fills the browser's cache and is not counted. */
const ROUNDS = 15
const QUERY = 'symbol=BTCUSD&timeframe=1m&limit=600'

/** The least that shows the same candles: the chart library, one request, and nothing else. */
const bare = (server: string) => `<!doctype html><html lang="en"><title>Bare</title>
<div id="chart" style="height:100vh"></div><script src="/library.js"></script><script>
  const chart = LightweightCharts.createChart(document.getElementById('chart'), { autoSize: true })
  const candles = chart.addSeries(LightweightCharts.CandlestickSeries)
  const volume = chart.addSeries(LightweightCharts.HistogramSeries, {}, 1)
  fetch('${server}/candles?${QUERY}').then((answer) => answer.json()).then((answer) => {
    const bars = answer.candles.map((bar) => ({ ...bar, time: bar.time / 1000, value: bar.volume }))
    candles.setData(bars)
    volume.setData(bars)
    window.drawn = bars.length
  })
</script></html>`

test('the first candle, beside a page with nothing but the chart library', async ({ page }) => {
  test.setTimeout(300_000)
  const library = fileURLToPath(
    new URL('../node_modules/lightweight-charts/dist/lightweight-charts.standalone.production.js', import.meta.url),
  )
  const script = gzipSync(readFileSync(library))
  let html = ''
  const other = createServer((request, response) => {
    if (request.url !== '/library.js') return response.writeHead(200, { 'Content-Type': 'text/html' }).end(html)
    const headers = {
      'Content-Type': 'text/javascript',
      'Content-Encoding': 'gzip',
      'Cache-Control': 'max-age=31536000',
    }
    response.writeHead(200, headers).end(script)
  })
  await new Promise<void>((done) => other.listen(0, '127.0.0.1', done))
  const bareUrl = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
  const real = new RealServer([`--Security:AllowedOrigins=${bareUrl}`])
  await real.startAll()
  try {
    html = bare(real.url)
    // Both are looked at in the same way: once a frame, from the navigation on.
    await page.addInitScript(() => {
      const look = () => {
        const { drawn, candlePage } = window as unknown as { drawn?: number; candlePage?: Window['candlePage'] }
        if ((drawn ?? candlePage?.chart?.drawn.bars.length ?? 0) > 1)
          requestAnimationFrame(() => Object.assign(window, { firstCandleAt: performance.now() }))
        else requestAnimationFrame(look)
      }
      requestAnimationFrame(look)
    })
    const times: Record<'bare' | 'ours', number[]> = { bare: [], ours: [] }
    for (let round = 0; round <= ROUNDS; round++) {
      times.bare.push(await visit(page, bareUrl))
      times.ours.push(await visit(page, `${real.url}/?symbol=BTCUSD&timeframe=1m`))
    }
    const [bareMs, oursMs] = [median(times.bare.slice(1)), median(times.ours.slice(1))]
    const line = `bare ${bareMs.toFixed(0)} ms, ours ${oursMs.toFixed(0)} ms: ${(oursMs / bareMs).toFixed(2)} times`
    process.stdout.write(`    first candle, warm, median of ${ROUNDS} visits each, turn by turn: ${line}\n`)
  } finally {
    await real.stopAll()
    other.close()
  }
})

async function visit(page: Page, url: string): Promise<number> {
  await page.goto(url)
  const at = () => page.evaluate(() => (window as unknown as { firstCandleAt?: number }).firstCandleAt ?? 0)
  await expect.poll(at, { intervals: [50] }).toBeGreaterThan(0)
  return at()
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!
}
