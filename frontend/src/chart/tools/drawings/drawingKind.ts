/** A place on the canvas, px. */
export interface Spot {
  x: number
  y: number
}

/** What a drawing is made from: a time (Unix ms) and a price. It stays there over timeframes. */
export interface Anchor {
  time: number
  price: number
}

export type Segment = readonly [from: Spot, to: Spot]

export interface Size {
  width: number
  height: number
}

/** What a kind of drawing draws with. */
export interface Pen {
  context: CanvasRenderingContext2D
  size: Size
  spots: readonly Spot[]
  anchors: readonly Anchor[]
  colour: string
  /** What somebody has written. */
  text: string
  price(value: number): string
  /** Bars between two times; null where it cannot be told. */
  bars(from: number, to: number): number
}

/** One kind of drawing: a file of its own. */
export interface DrawingKind {
  id: DrawingId
  /** How many points somebody sets. */
  points: 1 | 2
  /** Its straight lines: they are drawn, and where they are it can be taken hold of. */
  lines(spots: readonly Spot[], size: Size): readonly Segment[]
  /** What it has besides lines. */
  paint?(pen: Pen): void
}

export const DRAWING_IDS = [
  'trend',
  'ray',
  'horizontal',
  'vertical',
  'rectangle',
  'fibonacci',
  'text',
  'measure',
] as const
export type DrawingId = (typeof DRAWING_IDS)[number]

export const FONT = '500 12px "Inter Variable", sans-serif'

/** Distance of a spot from a straight line between two others, px. */
export function distanceTo({ x, y }: Spot, [a, b]: Segment): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y]
  const length = dx * dx + dy * dy
  const share = length === 0 ? 0 : Math.min(Math.max(((x - a.x) * dx + (y - a.y) * dy) / length, 0), 1)
  return Math.hypot(x - a.x - share * dx, y - a.y - share * dy)
}

/** The four sides of a rectangle between two corners. */
export function sidesOf(a: Spot, b: Spot): readonly Segment[] {
  const [c, d] = [
    { x: b.x, y: a.y },
    { x: a.x, y: b.y },
  ]
  return [
    [a, c],
    [c, b],
    [b, d],
    [d, a],
  ]
}
