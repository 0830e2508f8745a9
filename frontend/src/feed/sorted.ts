/** Index of the first of `count` ascending values that is `value` or more; `count` if there is none. */
export function indexAtOrAfter(value: number, count: number, valueAt: (index: number) => number): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >> 1
    if (valueAt(middle) < value) low = middle + 1
    else high = middle
  }
  return low
}
