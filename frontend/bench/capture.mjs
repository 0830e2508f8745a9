// Takes the README's moving picture: node bench/capture.mjs URL FOLDER writes frames of the page at URL; see CONTRIBUTING.md for how they become one file.
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { chromium } from '@playwright/test'

const [url, folder] = process.argv.slice(2)
if (!url || !folder) throw new Error('usage: node bench/capture.mjs URL FOLDER')
mkdirSync(folder, { recursive: true })
const executablePath =
  process.env.CHROMIUM ?? execFileSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).trim()
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
const page = await browser.newPage({ viewport: { width: 1100, height: 620 } })
await page.goto(`${url}/?symbol=BTCUSD&timeframe=1m`)
await page.locator('.pill[data-condition=live]').waitFor()
await page.waitForTimeout(3000)
for (let frame = 0; frame < 48; frame++) {
  await page.screenshot({ path: `${folder}/${String(frame).padStart(3, '0')}.png` })
  // The crosshair walks along the bars for a while.
  if (frame > 12 && frame < 36) await page.mouse.move(250 + (frame - 12) * 22, 300 - Math.abs(24 - frame) * 4)
  if (frame === 36) await page.mouse.move(1095, 5)
  await page.waitForTimeout(170)
}
await browser.close()
