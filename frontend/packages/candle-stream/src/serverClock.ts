/** A message is never this late on a stream that is not already given up as silent. */
const CLOCK_STEP_MS = 60_000

/**
 * The server's clock as seen from here. Every message with a server time bounds the difference from below (it was sent before it arrived);
 * the answer to a request also bounds it from above (it was made after the request was sent). The estimate is the middle of the bounds.
 */
export class ServerClock {
  #low = Number.NEGATIVE_INFINITY
  #high = Number.POSITIVE_INFINITY

  /** Server minus local, in whole ms, as every time of the protocol is; null until the server has told its time. */
  get offsetMs(): number | null {
    if (this.#low === Number.NEGATIVE_INFINITY) return null
    if (this.#high === Number.POSITIVE_INFINITY) return this.#low
    return Math.round((this.#low + this.#high) / 2)
  }

  /** A server time that arrived unasked. */
  heard(serverTime: number, receivedAt: number): void {
    const bound = serverTime - receivedAt
    // A bound beyond the other one, or far below the known one, means that a clock was set: the older knowledge is void.
    const clockWasSet = bound > this.#high || bound < this.#low - CLOCK_STEP_MS
    if (clockWasSet) this.#high = Number.POSITIVE_INFINITY
    this.#low = clockWasSet ? bound : Math.max(this.#low, bound)
  }

  /** A server time in answer to a request. The newest exchange replaces the older ones, so that drift is followed. */
  answered(serverTime: number, askedAt: number, receivedAt: number): void {
    this.#low = serverTime - receivedAt
    this.#high = serverTime - askedAt
  }
}
