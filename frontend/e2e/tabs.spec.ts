import { expect, expectCondition, moving, open, test } from './fixtures'

const streams = async (url: string) => {
  const answer = (await (await fetch(`${url}/candles/stream/status`)).json()) as {
    streams: { key: string; subscribers: number }[]
  }
  return answer.streams.find(({ key }) => key === 'BTCUSD:1m')?.subscribers ?? 0
}

test('eight tabs share one stream, and closing the one that holds it costs nothing', async ({ context, real }) => {
  test.setTimeout(150_000)
  const tabs = []
  for (let index = 0; index < 8; index++) {
    const tab = await context.newPage()
    await open(tab, real.url, 'BTCUSD', '1m')
    tabs.push(tab)
  }
  await expect.poll(() => streams(real.url)).toBe(1)
  const roles = await Promise.all(tabs.map((tab) => tab.evaluate(() => window.candlePage.client.status.role)))
  expect(roles.sort()).toEqual([...Array(7).fill('follower'), 'leader'].sort())
  const leader = tabs[0]!
  expect(await leader.evaluate(() => window.candlePage.client.status.role)).toBe('leader')
  await leader.close()
  for (const tab of tabs.slice(1)) await expectCondition(tab, 'live')
  await moving(tabs[5]!)
  await expect.poll(() => streams(real.url)).toBe(1)
  for (const tab of tabs.slice(1)) await tab.close()
  await expect.poll(() => streams(real.url), { timeout: 20_000 }).toBe(0)
})

test('a hidden page wakes up to the truth', async ({ page, real }) => {
  await open(page, real.url, 'BTCUSD', '1m')
  const show = (state: string) =>
    page.evaluate((value) => {
      Object.defineProperty(document, 'visibilityState', { value, configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    }, state)
  await show('hidden')
  await page.waitForTimeout(1500)
  await show('visible')
  await expectCondition(page, 'live')
  await moving(page)
})

test('two hundred switches leave nothing behind', async ({ page, real }) => {
  test.setTimeout(180_000)
  await open(page, real.url, 'BTCUSD', '1m')
  const session = await page.context().newCDPSession(page)
  const measure = async () => {
    await session.send('HeapProfiler.collectGarbage')
    const { nodes, jsEventListeners } = await session.send('Memory.getDOMCounters')
    const heap = await session.send('Runtime.getHeapUsage')
    return { nodes, jsEventListeners, heap: heap.usedSize / 1e6 }
  }
  const switchMany = (count: number) =>
    page.evaluate(async (times) => {
      for (let index = 0; index < times; index++) {
        window.candlePage.select(index % 2 === 0 ? 'ETHUSD' : 'BTCUSD', ['1m', '5m', '15m'][index % 3]!)
        await new Promise((done) => setTimeout(done, 60))
      }
      window.candlePage.select('BTCUSD', '1m')
    }, count)
  await switchMany(20)
  await expectCondition(page, 'live', 30_000)
  const before = await measure()
  await switchMany(200)
  await expectCondition(page, 'live', 30_000)
  const after = await measure()
  expect(after.heap - before.heap).toBeLessThan(6)
  expect(after.nodes - before.nodes).toBeLessThan(200)
  expect(after.jsEventListeners - before.jsEventListeners).toBeLessThan(50)
  await expect.poll(() => streams(real.url)).toBe(1)
})
