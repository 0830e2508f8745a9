import type { DrawingKind } from '../drawingKind'

/** A straight line between two points. */
export const trend: DrawingKind = {
  id: 'trend',
  points: 2,
  lines: ([a, b]) => [[a!, b!]],
}
