import { type DrawingKind, FONT } from '../drawingKind'

/** A price, over all of the chart. */
export const horizontal: DrawingKind = {
  id: 'horizontal',
  points: 1,
  lines: ([a], { width }) => [
    [
      { x: 0, y: a!.y },
      { x: width, y: a!.y },
    ],
  ],
  paint({ context, size, spots, anchors, colour, price }) {
    context.font = FONT
    context.fillStyle = colour
    context.textAlign = 'right'
    context.textBaseline = 'bottom'
    context.fillText(price(anchors[0]!.price), size.width - 8, spots[0]!.y - 3)
  },
}
