import { type DrawingKind, FONT } from '../drawingKind'

const LEVELS = [0, 0.236, 0.382, 0.5, 0.618, 0.786, 1]

/** Levels between two prices: 0 at the second point, 1 at the first. */
export const fibonacci: DrawingKind = {
  id: 'fibonacci',
  points: 2,
  lines: ([a, b]) => {
    const [left, right] = [Math.min(a!.x, b!.x), Math.max(a!.x, b!.x)]
    return LEVELS.map((level) => {
      const y = b!.y + (a!.y - b!.y) * level
      return [
        { x: left, y },
        { x: right, y },
      ] as const
    })
  },
  paint({ context, spots: [a, b], anchors: [from, to], colour, price }) {
    context.font = FONT
    context.fillStyle = colour
    context.textAlign = 'left'
    context.textBaseline = 'bottom'
    for (const level of LEVELS) {
      const value = to!.price + (from!.price - to!.price) * level
      const y = b!.y + (a!.y - b!.y) * level
      context.fillText(`${level}  ${price(value)}`, Math.min(a!.x, b!.x) + 4, y - 2)
    }
  },
}
