import { indexAtOrAfter } from '../../../feed/sorted'

/** The places of the time axis, for times that have none of their own: between two bars, before the first and after the last. */
export class Places {
  #times: readonly number[]
  /** Length of a bar, ms. */
  #step: number

  constructor(times: readonly number[], step: number) {
    this.#times = times
    this.#step = step
  }

  /** The place of a time; with a fraction inside a bar. Null while there are no places. */
  of(time: number): number | null {
    const times = this.#times
    const [first, last] = [times[0], times.at(-1)]
    if (first === undefined || last === undefined) return null
    if (time <= first) return (time - first) / this.#step
    if (time >= last) return times.length - 1 + (time - last) / this.#step
    const after = indexAtOrAfter(time, times.length, (i) => times[i]!)
    if (times[after] === time) return after
    const before = times[after - 1]!
    return after - 1 + Math.min((time - before) / this.#step, 1)
  }

  /** Time at a place; places beyond the ends are bars that are not there. */
  timeAt(place: number): number | null {
    const times = this.#times
    const [first, last] = [times[0], times.at(-1)]
    if (first === undefined || last === undefined) return null
    const index = Math.round(place)
    if (index < 0) return first + index * this.#step
    return times[index] ?? last + (index - times.length + 1) * this.#step
  }
}
