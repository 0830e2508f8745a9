/** Invented minutes of one UTC day, the same at every call: a walk with trends, calm stretches, equal closes and minutes of no volume. */
export function candles(count, seed = 1, start = Date.UTC(2026, 0, 5)) {
  let state = seed
  const random = () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
  let price = 100
  return Array.from({ length: count }, (_, index) => {
    const open = price
    const calm = index % 97 > 85 ? 0 : 1
    const close = Math.max(1, open + calm * (random() - 0.5 + 0.2 * Math.sin(index / 40)))
    const high = Math.max(open, close) + calm * random() * 0.4
    const low = Math.min(open, close) - calm * random() * 0.4
    const volume = index % 53 === 0 ? 0 : 1 + random() * 9
    price = close
    return { time: start + index * 60_000, open, high, low, close, volume, closed: true, rev: index + 1 }
  })
}
