import { type DrawingKind, FONT } from '../drawingKind'

/** Width that a letter has about, px: enough to take hold of the text. */
const LETTER = 7

/** Words at a place. */
export const text: DrawingKind = {
  id: 'text',
  points: 1,
  // The place is where the text begins; it is underlined, so that there is something to take hold of.
  lines: ([a]) => [[a!, { x: a!.x + LETTER * 4, y: a!.y }]],
  paint({ context, spots: [a], colour, text: words }) {
    context.font = FONT
    context.fillStyle = colour
    context.textAlign = 'left'
    context.textBaseline = 'bottom'
    context.fillText(words, a!.x, a!.y - 4)
  },
}
