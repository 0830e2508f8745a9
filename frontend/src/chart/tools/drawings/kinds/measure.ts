import { formatPercent } from '../../../format'
import { type DrawingKind, FONT, sidesOf } from '../drawingKind'

const VEIL = 0.12

/** How far it is between two points: in price, percent and bars. */
export const measure: DrawingKind = {
  id: 'measure',
  points: 2,
  lines: ([a, b]) => sidesOf(a!, b!),
  paint({ context, spots: [a, b], anchors: [from, to], colour, price, bars }) {
    context.globalAlpha = VEIL
    context.fillStyle = colour
    context.fillRect(a!.x, a!.y, b!.x - a!.x, b!.y - a!.y)
    context.globalAlpha = 1
    context.font = FONT
    context.textAlign = 'center'
    const isUp = to!.price >= from!.price
    context.textBaseline = isUp ? 'bottom' : 'top'
    const share = from!.price === 0 ? '' : ` (${formatPercent((to!.price / from!.price - 1) * 100)})`
    const words = `${price(to!.price - from!.price)}${share} · ${bars(from!.time, to!.time)}`
    context.fillText(words, (a!.x + b!.x) / 2, b!.y + (isUp ? -6 : 6))
  },
}
