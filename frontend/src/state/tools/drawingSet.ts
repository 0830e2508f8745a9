import type { Anchor, DrawingId } from '../../chart/tools/drawings/drawingKind'
import { type Drawing, DrawingLayer, type Grip } from '../../chart/tools/drawings/drawingLayer'
import { KINDS } from '../../chart/tools/drawings/kinds'
import { panelText } from '../../text/panelText'
import { text } from '../../text/text'
import type { Page } from '../page'
import { Signal } from '../signal'
import { type Kept, loadDrawings, MOST_DRAWINGS, readDrawings, saveDrawings } from './drawings'
import { sourceOf } from './source'

const MOST_STEPS = 100

/** The drawings of the symbol on the chart, the tool in hand and the way back. */
export class DrawingSet {
  readonly changed = new Signal()
  readonly layer: DrawingLayer
  /** What the next press draws; null is the cursor. */
  tool: DrawingId | null = null
  magnet = false
  hidden = false
  selected: Grip | null = null
  drawings: readonly Drawing[] = []
  #page: Page
  #kept: Kept
  #unknown: readonly unknown[] = []
  #symbol = ''
  #key = 0
  #past: (readonly Drawing[])[] = []
  #future: (readonly Drawing[])[] = []

  constructor(page: Page) {
    this.#page = page
    this.#kept = loadDrawings()
    const chart = page.chart!
    this.layer = new DrawingLayer(sourceOf(page), () => chart.decimals)
    chart.overlays.add(this.layer)
    chart.overlays.follow(this.layer)
    this.#follow()
    page.changed.subscribe(() => page.symbol !== this.#symbol && this.#follow())
  }

  get canUndo(): boolean {
    return this.#past.length > 0
  }

  get canRedo(): boolean {
    return this.#future.length > 0
  }

  get chosen(): Drawing | null {
    return this.drawings.find(({ key }) => key === this.selected?.key) ?? null
  }

  /** Takes a tool into the hand, or puts it away. */
  take(tool: DrawingId | null): void {
    this.tool = tool
    this.selected = null
    this.layer.letChartMove(tool === null)
    this.#show()
  }

  /** Draws in the middle of the view what the keyboard asks for; arrows move it from there. */
  drawInView(id: DrawingId): void {
    const spots = [
      [0.4, 0.55],
      [0.6, 0.45],
    ] as const
    const anchors = spots
      .slice(0, KINDS[id].points)
      .map(([x, y]) => this.layer.anchorAt(this.layer.spotAt(x, y), false))
    if (anchors.some((anchor) => anchor === null)) return
    this.begin(id, anchors as Anchor[])
    this.selected = { ...this.selected!, point: KINDS[id].points - 1 }
    this.#show()
  }

  /** A new drawing, which is selected. */
  begin(id: DrawingId, anchors: readonly Anchor[]): void {
    if (this.drawings.length >= MOST_DRAWINGS) return this.#page.say(panelText.tooManyDrawings(MOST_DRAWINGS))
    this.remember()
    const words = id === 'text' ? panelText.newText : ''
    const drawing = { key: ++this.#key, id, anchors, ink: this.#key % 4, text: words }
    this.selected = { key: drawing.key, point: null }
    this.put([...this.drawings, drawing])
  }

  /** What is done next can be taken back to here. */
  remember(): void {
    this.#past = [...this.#past, this.drawings].slice(-MOST_STEPS)
    this.#future = []
  }

  select(grip: Grip | null): void {
    this.selected = grip
    this.#show()
  }

  edit(key: number, change: Partial<Drawing>): void {
    this.put(this.drawings.map((drawing) => (drawing.key === key ? { ...drawing, ...change } : drawing)))
  }

  /** Moves one point of the selected drawing, or all of it. */
  nudge(bars: number, ticks: number): void {
    const { chosen, selected } = this
    if (chosen === null || selected === null) return
    this.remember()
    const anchors = chosen.anchors.map((anchor, i) =>
      selected.point === null || selected.point === i ? this.layer.moved(anchor, bars, ticks) : anchor,
    )
    this.edit(chosen.key, { anchors })
  }

  /** The next point of the selected drawing, then all of it. */
  nextPoint(): void {
    const { chosen, selected } = this
    if (chosen === null || selected === null) return
    const next = (selected.point ?? -1) + 1
    this.select({ key: chosen.key, point: next < chosen.anchors.length ? next : null })
  }

  remove(): void {
    const { chosen } = this
    if (chosen === null) return
    this.remember()
    this.selected = null
    this.put(this.drawings.filter(({ key }) => key !== chosen.key))
    this.#page.say(text.removed(panelText.drawings[chosen.id]), () => this.undo())
  }

  removeAll(): void {
    if (this.drawings.length === 0) return
    this.remember()
    this.selected = null
    const count = this.drawings.length
    this.put([])
    this.#page.say(panelText.drawingsRemoved(count), () => this.undo())
  }

  undo(): void {
    const before = this.#past.at(-1)
    if (before === undefined) return
    this.#future = [...this.#future, this.drawings]
    this.#past = this.#past.slice(0, -1)
    this.put(before)
  }

  redo(): void {
    const next = this.#future.at(-1)
    if (next === undefined) return
    this.#past = [...this.#past, this.drawings]
    this.#future = this.#future.slice(0, -1)
    this.put(next)
  }

  toggleMagnet(): void {
    this.magnet = !this.magnet
    this.changed.emit()
  }

  toggleHidden(): void {
    this.hidden = !this.hidden
    this.#show()
  }

  put(drawings: readonly Drawing[]): void {
    this.drawings = drawings
    if (this.chosen === null) this.selected = null
    const own = drawings.map(({ key: _, ...rest }) => rest)
    this.#kept = { ...this.#kept, [this.#symbol]: [...own, ...this.#unknown] }
    if (!saveDrawings(this.#kept)) this.#page.keeps = false
    this.#show()
  }

  /** Drawings of all symbols, as they are kept. */
  get kept(): Kept {
    return this.#kept
  }

  /** Takes these in the place of all drawings. */
  restore(kept: Kept): void {
    this.#kept = kept
    if (!saveDrawings(kept)) this.#page.keeps = false
    this.#follow()
  }

  /** Another symbol has drawings of its own. */
  #follow(): void {
    this.#symbol = this.#page.symbol
    const { drawings, unknown } = readDrawings(this.#kept[this.#symbol])
    this.drawings = drawings
    this.#unknown = unknown
    this.#key = drawings.length
    this.#past = []
    this.#future = []
    this.selected = null
    this.#show()
  }

  #show(): void {
    this.layer.show(this.drawings, this.selected, this.hidden)
    this.changed.emit()
  }
}
