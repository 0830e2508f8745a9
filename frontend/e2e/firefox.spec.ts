import { expect, test } from '@playwright/test'
import { Firefox, findFirefox } from './firefox'
import { RealServer } from './realServer'
import { ScriptedServer } from './scriptedServer'

const MINUTE = 60_000

/** The page in another browser: what differs between them is the stream, the layout and the keys. */
test.describe('in Firefox', () => {
  test.describe.configure({ mode: 'serial' })
  const program = findFirefox()
  test.skip(program === null, 'Firefox is not installed')
  const firefox = new Firefox()
  test.beforeAll(() => firefox.start(program!))
  test.afterAll(() => firefox.stop())

  const condition = (kind: string) =>
    expect
      .poll(() => firefox.read("document.querySelector('[data-condition]')?.dataset.condition"), { timeout: 40_000 })
      .toBe(kind)
  const rev = () => firefox.read<number>('window.candlePage.feed.latest?.rev')
  const times = () => firefox.read<number[]>('window.candlePage.chart.drawn.bars')

  test('candles of the real server arrive, the server may die, and the stream is taken up again', async () => {
    const real = new RealServer()
    await real.startAll()
    try {
      await firefox.open(`${real.url}/?symbol=BTCUSD&timeframe=1m`)
      await condition('live')
      const before = await rev()
      await expect.poll(rev).not.toBe(before)
      await real.kill()
      await condition('offline')
      await real.start()
      // Not after the pause that comes first: a reader who waits may press the pill.
      await firefox.read('window.candlePage.client.reconnect()')
      await condition('live')
      const bars = await times()
      expect(bars.filter((time, index) => index > 0 && time <= bars[index - 1]!)).toEqual([])
    } finally {
      await real.stopAll()
    }
  })

  test('without a stream the page polls; a gap is counted; keys, phone width and a chart in a frame work', async () => {
    const scripted = new ScriptedServer()
    scripted.mode = 'refuse'
    await scripted.start()
    try {
      await firefox.open(`${scripted.url}/?symbol=BTCUSD&timeframe=1m`)
      await condition('polling')
      scripted.mode = 'ok'
      await condition('live')
      const gap = [(await times()).at(-30)!, (await times()).at(-20)!] as [number, number]
      scripted.hole = gap
      scripted.say({ state: 'live', connected: true, gaps: [gap] })
      await expect.poll(() => firefox.read("document.querySelector('.gap-count')?.textContent.trim()")).toBe('1 gap')
      const held = await times()
      expect(held.at(-1)! - held.at(-2)!).toBe(MINUTE)
      await firefox.press('/')
      await expect.poll(() => firefox.read("document.querySelector('dialog')?.open")).toBe(true)
      await firefox.press('\uE00C')
      await firefox.press('5')
      await expect.poll(() => firefox.read('location.search')).toContain('timeframe=1h')
      await firefox.resize(450, 800)
      await expect.poll(() => firefox.read("document.querySelectorAll('.tab').length")).toBe(2)
      expect(await firefox.read('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
      await firefox.open(`${scripted.url}/embed?series=ETHUSD:5m`)
      await condition('live')
    } finally {
      await scripted.stop()
    }
  })
})
