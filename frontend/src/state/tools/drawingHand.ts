import type { DrawingId, Spot } from '../../chart/tools/drawings/drawingKind'
import type { Drawing } from '../../chart/tools/drawings/drawingLayer'
import { KINDS } from '../../chart/tools/drawings/kinds'
import type { DrawingSet } from './drawingSet'

/** A press that moves less than this, px, is a click. */
const CLICK_PX = 5
const FAR = 10

/** Keys that take a tool, with Alt. */
const KEYS: Record<string, DrawingId> = {
  t: 'trend',
  h: 'horizontal',
  v: 'vertical',
  r: 'rectangle',
  f: 'fibonacci',
}

/** Pointer and keyboard on the drawings: draws, selects, moves. */
export class DrawingHand {
  #set: DrawingSet
  #element: HTMLElement
  /** Where the pointer went down, and what was there; `from` is null while a second click is awaited. */
  #held: { from: Spot | null; drawing: Drawing; point: number | null } | null = null
  #life = new AbortController()

  constructor(set: DrawingSet) {
    this.#set = set
    this.#element = set.layer.element!
    const { signal } = this.#life
    // Before the chart hears of it: a press on a drawing does not scroll.
    this.#element.addEventListener('pointerdown', this.#down, { capture: true, signal })
    window.addEventListener('pointermove', this.#move, { signal })
    window.addEventListener('pointerup', this.#up, { signal })
    window.addEventListener('pointercancel', this.#up, { signal })
    window.addEventListener('keydown', this.#key, { capture: true, signal })
  }

  #spot({ clientX, clientY }: PointerEvent): Spot {
    const { left, top } = this.#element.getBoundingClientRect()
    return { x: clientX - left, y: clientY - top }
  }

  #down = (event: PointerEvent): void => {
    if (event.button !== 0) return
    const set = this.#set
    const spot = this.#spot(event)
    if (this.#held?.from === null) {
      // The second click of a drawing with two points.
      this.#held = { ...this.#held, from: spot }
      return
    }
    if (set.tool !== null) {
      const anchor = set.layer.anchorAt(spot, set.magnet)
      if (anchor === null) return
      const { points } = KINDS[set.tool]
      set.begin(set.tool, points === 1 ? [anchor] : [anchor, anchor])
      if (set.chosen !== null) this.#held = { from: spot, drawing: set.chosen, point: points - 1 }
      return
    }
    const grip = set.layer.gripAt(spot, event.pointerType === 'touch')
    if (grip === null && set.selected === null) return
    set.select(grip)
    if (set.chosen === null) return
    set.layer.letChartMove(false)
    set.remember()
    this.#held = { from: spot, drawing: set.chosen, point: grip?.point ?? null }
  }

  #move = (event: PointerEvent): void => {
    const set = this.#set
    const spot = this.#spot(event)
    if (this.#held === null) {
      const isOver = event.target instanceof Node && this.#element.contains(event.target)
      const cursor = set.tool !== null ? 'crosshair' : isOver && set.layer.gripAt(spot, false) !== null ? 'pointer' : ''
      if (this.#element.style.cursor !== cursor) this.#element.style.cursor = cursor
      return
    }
    const { from, drawing, point } = this.#held
    const to = set.layer.anchorAt(spot, set.magnet)
    if (to === null) return
    if (point !== null) {
      set.edit(drawing.key, { anchors: drawing.anchors.map((anchor, i) => (i === point ? to : anchor)) })
      return
    }
    const start = from === null ? null : set.layer.anchorAt(from, false)
    const free = set.layer.anchorAt(spot, false)
    if (start === null || free === null) return
    const anchors = drawing.anchors.map(({ time, price }) => ({
      time: time + free.time - start.time,
      price: price + free.price - start.price,
    }))
    set.edit(drawing.key, { anchors })
  }

  #up = (event: PointerEvent): void => {
    const held = this.#held
    if (held === null) return
    const set = this.#set
    const spot = this.#spot(event)
    const isClick = held.from !== null && Math.hypot(spot.x - held.from.x, spot.y - held.from.y) < CLICK_PX
    const isFirst = set.tool !== null && KINDS[set.tool].points === 2 && isSame(set.chosen)
    if (isClick && isFirst && event.type === 'pointerup') {
      this.#held = { ...held, from: null }
      return
    }
    this.#held = null
    const { selected } = set
    if (set.tool !== null) set.take(null)
    else set.layer.letChartMove(true)
    set.select(selected)
  }

  #key = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement
    if (target.closest('dialog, select, textarea, input:not([type=radio]), [popover]')) return
    if (!this.#act(event)) return
    event.preventDefault()
    event.stopPropagation()
  }

  /** Whether the key was one for drawings. */
  #act({ key, altKey, ctrlKey, metaKey, shiftKey, code }: KeyboardEvent): boolean {
    const set = this.#set
    const letter = code.startsWith('Key') ? code.slice(3).toLowerCase() : key.toLowerCase()
    if ((ctrlKey || metaKey) && letter === 'z') {
      if (shiftKey) set.redo()
      else set.undo()
      return true
    }
    if (ctrlKey || metaKey) return false
    const tool = altKey ? KEYS[letter] : undefined
    if (tool !== undefined) {
      set.drawInView(tool)
      return true
    }
    if (key === 'Escape' && (set.tool !== null || set.selected !== null)) {
      this.#held = null
      set.take(null)
      return true
    }
    if (set.chosen === null || altKey) return false
    const far = shiftKey ? FAR : 1
    const moves: Record<string, () => void> = {
      Delete: () => set.remove(),
      Backspace: () => set.remove(),
      ArrowLeft: () => set.nudge(-far, 0),
      ArrowRight: () => set.nudge(far, 0),
      ArrowUp: () => set.nudge(0, far),
      ArrowDown: () => set.nudge(0, -far),
      ' ': () => set.nextPoint(),
    }
    const move = moves[key]
    move?.()
    return move !== undefined
  }
}

/** Both points of it are at the same place still. */
function isSame(drawing: Drawing | null): boolean {
  const [a, b] = drawing?.anchors ?? []
  return a !== undefined && b !== undefined && a.time === b.time && a.price === b.price
}
