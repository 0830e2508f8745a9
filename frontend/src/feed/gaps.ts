import type { Gap } from '../api/candleStream'

/** All ranges of both lists, ascending, without overlaps. */
export function uniteGaps(a: readonly Gap[], b: readonly Gap[]): Gap[] {
  const united: [number, number][] = []
  for (const [from, to] of [...a, ...b].sort((left, right) => left[0] - right[0])) {
    const last = united.at(-1)
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to)
    else united.push([from, to])
  }
  return united
}

/** What of `a` is not in `b`. */
export function subtractGaps(a: readonly Gap[], b: readonly Gap[]): Gap[] {
  let rest: Gap[] = [...a]
  for (const [from, to] of b) {
    rest = rest.flatMap((gap) => {
      if (gap[1] <= from || gap[0] >= to) return [gap]
      const left: Gap[] = gap[0] < from ? [[gap[0], from]] : []
      const right: Gap[] = gap[1] > to ? [[to, gap[1]]] : []
      return [...left, ...right]
    })
  }
  return rest
}
