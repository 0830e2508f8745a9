import type { Page } from '@playwright/test'
import { drawn, expect, expectCondition, moving, test, violations } from './fixtures'
import { LockedServer } from './lockedServer'

const FOLDER = 'test-results/gallery'

const form = (page: Page) => page.getByRole('form', { name: 'This server needs a key' })

async function signIn(page: Page, key: string): Promise<void> {
  await page.getByLabel('API key').fill(key)
  await page.keyboard.press('Enter')
}

/** What the style sheet says a fault is written in, as the browser computes it. */
const colourOfTrouble = (page: Page) =>
  page.evaluate(() => {
    const probe = document.createElement('i')
    probe.style.color = 'var(--bad)'
    document.body.append(probe)
    const { color } = getComputedStyle(probe)
    probe.remove()
    return color
  })

test.describe('a server with keys', () => {
  test.describe.configure({ mode: 'serial' })
  const locked = new LockedServer()
  const address = () => `${locked.server.url}/?symbol=ETHUSD&timeframe=1m`
  test.beforeAll(() => locked.start())
  test.afterAll(() => locked.stop())

  test('a wrong key is said to be wrong, the right one opens the page, and neither is kept', async ({ page }) => {
    await page.goto(address())
    await expectCondition(page, 'locked')
    await expect(page.getByLabel('API key')).toBeFocused()
    expect(await violations(page)).toEqual([])
    await page.screenshot({ path: `${FOLDER}/sign-in.png` })

    await signIn(page, `cs_${'0'.repeat(64)}`)
    await expect(form(page).getByRole('alert')).toHaveText('The server does not know this key.')
    await expect(form(page).getByRole('alert')).toHaveCSS('color', await colourOfTrouble(page))
    await expect(page.getByLabel('API key')).toHaveAttribute('aria-invalid', 'true')
    await expect(page.getByLabel('API key')).toBeFocused()
    expect(await violations(page)).toEqual([])
    await page.screenshot({ path: `${FOLDER}/sign-in-wrong-key.png` })
    await signIn(page, 'Schlüssel')
    await expect(form(page).getByRole('alert')).toHaveText('This is not an API key.')

    await signIn(page, locked.key)
    await expectCondition(page, 'live', 30_000)
    await expect(page).toHaveURL(/symbol=ETHUSD/)
    await moving(page)
    const kept = await page.evaluate(() =>
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]),
    )
    expect(kept).not.toContain(locked.key)
    expect(page.url()).not.toContain(locked.key)
    await page.reload()
    await expectCondition(page, 'live', 30_000)
  })

  test('signing out closes every tab of the browser, signing in opens them', async ({ page, context }) => {
    await page.goto(address())
    await signIn(page, locked.key)
    await expectCondition(page, 'live', 30_000)
    const other = await context.newPage()
    await other.goto(address())
    await expectCondition(other, 'live', 30_000)
    await page.getByRole('button', { name: 'More' }).click()
    await page.route('**/session', (route) => route.fulfill({ status: 502, body: 'no' }))
    await page.getByRole('button', { name: 'Sign out' }).click()
    await expect(page.getByRole('dialog', { name: 'More' }).getByRole('alert')).toHaveText('Still signed in. HTTP 502')
    await page.unroute('**/session')
    await page.getByRole('button', { name: 'Sign out' }).click()
    for (const tab of [page, other]) await expectCondition(tab, 'locked')
    await signIn(page, locked.key)
    for (const tab of [page, other]) await expectCondition(tab, 'live', 30_000)
  })

  test('a key that is taken away asks for another above the chart, which stays', async ({ page }) => {
    await page.goto(address())
    await signIn(page, locked.key)
    await expectCondition(page, 'live', 30_000)
    await expect.poll(async () => (await drawn(page)).bars.length).toBeGreaterThan(1)
    const { bars } = await drawn(page)
    locked.allow('another')
    await expectCondition(page, 'locked', 30_000)
    await expect(form(page)).toBeVisible()
    expect((await drawn(page)).bars.length).toBeGreaterThanOrEqual(bars.length)
    expect(await violations(page)).toEqual([])
    await page.screenshot({ path: `${FOLDER}/sign-in-again.png` })
    locked.allow(locked.key)
  })

  test.describe('on a phone', () => {
    test.use({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true })
    test('the form fits and can be touched', async ({ page }) => {
      await page.goto(address())
      await expectCondition(page, 'locked')
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
      for (const target of [page.getByLabel('API key'), page.getByRole('button', { name: 'Sign in' })]) {
        expect((await target.boundingBox())!.height).toBeGreaterThanOrEqual(32)
      }
    })
  })
})
