import { type DrawingKind, sidesOf } from '../drawingKind'

const VEIL = 0.1

/** Prices over a stretch of time. */
export const rectangle: DrawingKind = {
  id: 'rectangle',
  points: 2,
  lines: ([a, b]) => sidesOf(a!, b!),
  paint({ context, spots: [a, b], colour }) {
    context.globalAlpha = VEIL
    context.fillStyle = colour
    context.fillRect(a!.x, a!.y, b!.x - a!.x, b!.y - a!.y)
    context.globalAlpha = 1
  },
}
