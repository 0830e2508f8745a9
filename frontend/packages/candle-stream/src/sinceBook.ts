import type { Wanted } from './source.js'

/** How far a poll reaches back, in µs, as the server's resume does: events of different series may come a moment out of order. */
const POLL_OVERLAP_US = 10_000_000

/** Per series, the rev up to which every change has reached us: where a resume or a poll has to start. */
export class SinceBook {
  #since = new Map<string, number>()
  #streamSeries: readonly string[] = []
  #streamRev: number | null = null

  /** The last id of the running stream, once it is synced. */
  get streamRev(): number | null {
    return this.#streamRev
  }

  /** A subscriber's own candles are complete up to this rev. It counts only where nothing is known yet. */
  start(series: string, since: number | null): void {
    if (since !== null && this.of(series) === null) this.#since.set(series, since)
  }

  keepOnly(wanted: Wanted): void {
    for (const series of this.#since.keys()) if (!wanted.has(series)) this.#since.delete(series)
    this.#streamSeries = this.#streamSeries.filter((series) => wanted.has(series))
  }

  of(series: string): number | null {
    const own = this.#since.get(series) ?? null
    if (this.#streamRev === null || !this.#streamSeries.includes(series)) return own
    return Math.max(own ?? 0, this.#streamRev)
  }

  /** Where a poll of the series has to start. */
  pollFrom(series: string): number | null {
    const since = this.of(series)
    return since === null ? null : Math.max(since - POLL_OVERLAP_US, 0)
  }

  /** The seam of a stream: everything up to `rev` was sent for these series. */
  synced(series: readonly string[], rev: number): void {
    this.#streamSeries = series
    this.#streamRev = rev
    // Not the higher of the two: after a reset the server's revs may have started anew.
    for (const name of series) this.#since.set(name, rev)
  }

  /** The stream sends in rising rev, so an id speaks for all of its series. Before the seam it speaks for none. */
  streamed(rev: number): void {
    if (this.#streamRev !== null) this.#streamRev = Math.max(this.#streamRev, rev)
  }

  streamEnded(): void {
    for (const series of this.#streamSeries) {
      const since = this.of(series)
      if (since !== null) this.#since.set(series, since)
    }
    this.#streamSeries = []
    this.#streamRev = null
  }

  polled(series: string, asof: number, reset: boolean): void {
    this.#since.set(series, reset ? asof : Math.max(this.of(series) ?? 0, asof))
  }

  /** One id for a whole connection: the oldest of its series. A series without one is covered by the snapshot. */
  resumeFrom(series: readonly string[]): number | null {
    const known = series.map((name) => this.of(name)).filter((since) => since !== null)
    return known.length === 0 ? null : Math.min(...known)
  }
}
