import type { Fetch } from '../api/market'
import type { Signal } from './signal'

/** How the page gets through the server's door. */
export interface Access {
  /** The browser's `fetch`, with an eye on answers that ask for a key. */
  readonly fetch: Fetch
  /** What the pill says while the door is closed, in a word and a sentence; null while it is open. */
  readonly closed: { word: string; reason: string } | null
  /** `closed` has changed. */
  readonly changed: Signal
}
