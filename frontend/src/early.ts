import { FIRST_PAGE, firstPageUrl, isSymbol, readAddress } from './state/address'
import { isDark, loadSettings } from './state/settings'

/**
 * What need not wait for the page's own code: the colours of the first picture, and the first page of history, which is on its way
 * while the rest is being loaded. It stands in a script of its own before all others.
 */
const settings = loadSettings()
const { symbol, timeframe } = readAddress(location, settings)
const dark = isDark(settings, matchMedia('(prefers-color-scheme: dark)').matches)
document.documentElement.dataset.theme = dark ? 'dark' : 'light'
document.documentElement.dataset.palette = settings.palette

const url = isSymbol(symbol) ? firstPageUrl(symbol, timeframe, FIRST_PAGE) : null
let answer: Promise<Response> | null = url === null ? null : fetch(url, { headers: { Accept: 'application/json' } })
// The code that takes it hears of a failure; until then nobody needs to.
answer?.catch(() => undefined)

/** The answer to this address if it has been asked for already; it is given out once. */
export function takeEarly(wanted: string): Promise<Response> | null {
  if (wanted !== url) return null
  const taken = answer
  answer = null
  return taken
}
