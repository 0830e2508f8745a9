import type { Page } from '../../state/page'
import { panelText } from '../../text/panelText'

/** Lets the page open without a network from now on, and says when another version is ready. */
export async function installWorker(page: Page): Promise<void> {
  if (!('serviceWorker' in navigator) || !import.meta.env.PROD) return
  const hadOne = navigator.serviceWorker.controller !== null
  try {
    await navigator.serviceWorker.register('/sw.js')
  } catch {
    // Forbidden, or not a secure context: the page needs its server then, as before.
    return
  }
  if (hadOne) navigator.serviceWorker.addEventListener('controllerchange', () => page.say(panelText.newVersion))
}
