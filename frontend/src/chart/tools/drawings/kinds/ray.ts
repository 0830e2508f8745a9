import type { DrawingKind } from '../drawingKind'

/** A straight line from one point through another to the edge of the chart. */
export const ray: DrawingKind = {
  id: 'ray',
  points: 2,
  lines: ([a, b], { width, height }) => {
    const [dx, dy] = [b!.x - a!.x, b!.y - a!.y]
    const far = (width + height) / Math.max(Math.hypot(dx, dy), 1)
    return [[a!, { x: a!.x + dx * Math.max(far, 1), y: a!.y + dy * Math.max(far, 1) }]]
  },
}
