import type { DrawingKind } from '../drawingKind'

/** A time, over all of the prices. */
export const vertical: DrawingKind = {
  id: 'vertical',
  points: 1,
  lines: ([a], { height }) => [
    [
      { x: a!.x, y: 0 },
      { x: a!.x, y: height },
    ],
  ],
}
