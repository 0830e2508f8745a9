import type { ChartColours } from '../../palette'

/** How the same bars may be drawn. */
export const CHART_TYPES = ['candles', 'hollow', 'bars', 'heikin', 'line', 'area', 'baseline'] as const
export type ChartType = (typeof CHART_TYPES)[number]

/** A bar on the canvas; prices are px from the top already. */
export interface Shape {
  x: number
  open: number
  high: number
  low: number
  close: number
  rising: boolean
  /** It closed above the bar before. */
  higher: boolean
  /** The bar before is its neighbour: no gap between them. */
  joined: boolean
}

export interface Canvas {
  context: CanvasRenderingContext2D
  /** Width of a bar and its gap, and height of the pane, px. */
  spacing: number
  height: number
  colours: ChartColours
}

type Paint = (shapes: readonly Shape[], canvas: Canvas) => void

const AREA_ALPHA = 0.14

/** What draws each type; `candles` are the chart's own. */
export const PAINTERS: Record<Exclude<ChartType, 'candles'>, Paint> = {
  hollow(shapes, canvas) {
    for (const shape of shapes) drawCandle(shape, canvas, shape.higher, shape.rising)
  },
  heikin(shapes, canvas) {
    for (const shape of shapes) drawCandle(shape, canvas, shape.rising, canvas.colours.forced && shape.rising)
  },
  bars(shapes, { context, spacing, colours }) {
    const arm = Math.max(spacing * 0.35, 1)
    context.lineWidth = Math.min(Math.max(spacing * 0.18, 1), 3)
    for (const { x, open, high, low, close, rising } of shapes) {
      context.strokeStyle = rising ? colours.up : colours.down
      context.beginPath()
      context.moveTo(x, high)
      context.lineTo(x, low)
      context.moveTo(x - arm, open)
      context.lineTo(x, open)
      context.moveTo(x, close)
      context.lineTo(x + arm, close)
      context.stroke()
    }
  },
  line(shapes, { context, colours }) {
    context.strokeStyle = colours.ink[0]!
    strokeCloses(shapes, context)
  },
  area(shapes, canvas) {
    canvas.context.fillStyle = canvas.colours.ink[0]!
    fillTo(canvas.height, shapes, canvas)
    canvas.context.strokeStyle = canvas.colours.ink[0]!
    strokeCloses(shapes, canvas.context)
  },
  baseline(shapes, canvas) {
    const { context, colours, height } = canvas
    const base = shapes[0]?.close ?? 0
    context.strokeStyle = colours.muted
    context.setLineDash([2, 3])
    context.beginPath()
    context.moveTo(shapes[0]?.x ?? 0, base)
    context.lineTo(shapes.at(-1)?.x ?? 0, base)
    context.stroke()
    context.setLineDash([])
    const halves = [
      { top: 0, bottom: base, colour: colours.up },
      { top: base, bottom: height, colour: colours.down },
    ]
    for (const { top, bottom, colour } of halves) {
      context.save()
      context.beginPath()
      context.rect(0, top, context.canvas.width, bottom - top)
      context.clip()
      context.fillStyle = colour
      fillTo(base, shapes, canvas)
      context.strokeStyle = colour
      strokeCloses(shapes, context)
      context.restore()
    }
  },
}

function drawCandle({ x, open, high, low, close }: Shape, canvas: Canvas, up: boolean, hollow: boolean): void {
  const { context, spacing, colours } = canvas
  const width = Math.max(Math.round(spacing * 0.7), 1)
  const [top, bottom] = [Math.min(open, close), Math.max(open, close)]
  context.strokeStyle = up ? colours.up : colours.down
  context.fillStyle = up ? colours.up : colours.down
  context.lineWidth = 1
  context.beginPath()
  context.moveTo(x, high)
  context.lineTo(x, top)
  context.moveTo(x, bottom)
  context.lineTo(x, low)
  context.stroke()
  if (hollow && width > 2) context.strokeRect(x - width / 2 + 0.5, top, width - 1, Math.max(bottom - top, 1))
  else context.fillRect(x - width / 2, top, width, Math.max(bottom - top, 1))
}

/** The closes as a line that is broken where there is a gap. */
function strokeCloses(shapes: readonly Shape[], context: CanvasRenderingContext2D): void {
  context.lineWidth = 2
  context.lineJoin = 'round'
  context.beginPath()
  for (const { x, close, joined } of shapes) {
    if (joined) context.lineTo(x, close)
    else context.moveTo(x, close)
  }
  context.stroke()
}

function fillTo(level: number, shapes: readonly Shape[], { context }: Canvas): void {
  context.globalAlpha = AREA_ALPHA
  context.beginPath()
  shapes.forEach(({ x, close, joined }, i) => {
    const before = shapes[i - 1]
    if (!joined || before === undefined) return
    context.moveTo(before.x, level)
    context.lineTo(before.x, before.close)
    context.lineTo(x, close)
    context.lineTo(x, level)
    context.closePath()
  })
  context.fill()
  context.globalAlpha = 1
}
