import { drawn, expect, expectCondition, expectKeys, test } from './fixtures'

/** Small things that a reader sees and no other test looks at. */
const ADDRESS = '/?symbol=BTCUSD&timeframe=5m'

test('a gap is hatched in the volume pane as well', async ({ page, scripted }) => {
  await page.goto(`${scripted.url}${ADDRESS}`)
  await expectCondition(page, 'live')
  // So wide that nothing else is in view.
  const { bars } = await drawn(page)
  const gap = [bars.at(-500)!, bars.at(-100)!] as [number, number]
  scripted.hole = gap
  scripted.say({ state: 'live', connected: true, gaps: [gap] })
  await page.reload()
  await expectCondition(page, 'live')
  await expectKeys(page)
  await expect.poll(async () => (await drawn(page)).bars.includes(gap[0])).toBe(false)
  const share = () =>
    page.evaluate(() => {
      const chart = window.candlePage.chart!
      chart.showRange(250, 350)
      const picture = chart.screenshot()
      const height = Math.round(picture.height * chart.drawn.volumeShare * 0.5)
      const top = Math.round(picture.height * 0.95) - height
      const { data } = picture.getContext('2d')!.getImageData(0, top, Math.round(picture.width * 0.8), height)
      const counts = new Map<string, number>()
      for (let i = 0; i < data.length; i += 4) {
        const colour = `${data[i]},${data[i + 1]},${data[i + 2]}`
        counts.set(colour, (counts.get(colour) ?? 0) + 1)
      }
      const most = Math.max(...counts.values())
      // All but the ground.
      return 1 - most / (data.length / 4)
    })
  await expect.poll(share).toBeGreaterThan(0.08)
})

test('a short history fills the chart', async ({ page, scripted }) => {
  await page.route('**/candles?*timeframe=1W*', async (route) => {
    const answer = await route.fetch()
    const body = await answer.json()
    await route.fulfill({ json: { ...body, candles: body.candles.slice(-40), next: null } })
  })
  await page.goto(`${scripted.url}/?symbol=BTCUSD&timeframe=1W`)
  await expectCondition(page, 'live')
  const { bars, range } = await drawn(page)
  expect(bars).toHaveLength(40)
  // Of the places in view at least two thirds hold a bar; the rest is the space on the right.
  expect(40 / (range!.to - range!.from)).toBeGreaterThan(0.66)
})

test('the name of a perpetual is not cut in its row', async ({ page, scripted }) => {
  await page.addInitScript(() =>
    localStorage.setItem('candlestream.settings', '{"watch":["BTCUSD","BTCF0:USTF0","DOGE:USD"]}'),
  )
  await page.goto(`${scripted.url}${ADDRESS}`)
  await expectCondition(page, 'live')
  const names = page.locator('.watch-name')
  await expect(names).toHaveText(['BTC/USD', 'BTCF0/USTF0', 'DOGE/USD'])
  for (const name of await names.all()) {
    const { cut, lines } = await name.evaluate((element) => ({
      cut: element.scrollWidth > element.clientWidth || element.scrollHeight > element.clientHeight + 1,
      lines: element.getClientRects().length,
    }))
    expect([cut, lines]).toEqual([false, 1])
  }
})

test('a tool of the chart is loaded when it is used', async ({ page, scripted }) => {
  // A part may be in several files.
  const loaded = new Set<string>()
  page.on('request', (request) => {
    const name = /assets\/(correctionMarks|later|tools)-/.exec(request.url())?.[1]
    if (name !== undefined) loaded.add(name)
  })
  await page.goto(`${scripted.url}${ADDRESS}`)
  await expectCondition(page, 'live')
  await expectKeys(page)
  expect([...loaded]).toEqual(['later'])
  const time = (await drawn(page)).bars.at(-5)!
  const { rev: _, ...candle } = scripted.candleAt('BTCUSD:5m', time)
  scripted.push('BTCUSD:5m', { ...candle, high: candle.high * 1.01 })
  await expect.poll(async () => (await drawn(page)).corrected).toEqual([time])
  expect([...loaded]).toEqual(['later', 'correctionMarks'])
  await page.getByRole('button', { name: 'Chart type', exact: true }).click()
  await expect(page.getByRole('dialog', { name: 'Chart type' })).toBeVisible()
  expect([...loaded]).toEqual(['later', 'correctionMarks', 'tools'])
})
