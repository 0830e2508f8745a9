import { type Anchor, DRAWING_IDS } from '../../chart/tools/drawings/drawingKind'
import type { Drawing } from '../../chart/tools/drawings/drawingLayer'
import { KINDS } from '../../chart/tools/drawings/kinds'
import { INKS } from './layout'

const KEY = 'candlestream.drawings'
/** Of one symbol. */
export const MOST_DRAWINGS = 200
const LONGEST_TEXT = 200

/** Drawings by symbol, as this browser keeps them. */
export type Kept = Readonly<Record<string, readonly unknown[]>>

export function loadDrawings(): Kept {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}')
    return typeof stored === 'object' && stored !== null && !Array.isArray(stored) ? (stored as Kept) : {}
  } catch {
    // Storage may be forbidden or hold anything; the page then begins with none.
    return {}
  }
}

/** False where the browser keeps nothing. */
export function saveDrawings(kept: Kept): boolean {
  try {
    localStorage.setItem(KEY, JSON.stringify(kept))
    return true
  } catch {
    return false
  }
}

/** Those of a symbol that can be drawn; the others are for another version to know. */
export function readDrawings(entries: unknown): { drawings: Drawing[]; unknown: unknown[] } {
  const all: readonly unknown[] = Array.isArray(entries) ? entries : []
  const read = all.map((entry, index) => readDrawing(entry, index + 1))
  return {
    drawings: read.filter((drawing) => drawing !== null).slice(0, MOST_DRAWINGS),
    unknown: all.filter((_, index) => read[index] === null),
  }
}

function readDrawing(entry: unknown, key: number): Drawing | null {
  if (typeof entry !== 'object' || entry === null) return null
  const { id, anchors, ink, text } = entry as Record<string, unknown>
  const kind = DRAWING_IDS.find((one) => one === id)
  if (kind === undefined || !Array.isArray(anchors) || anchors.length !== KINDS[kind].points) return null
  if (!anchors.every(isAnchor)) return null
  return {
    key,
    id: kind,
    anchors: anchors.map(({ time, price }) => ({ time, price })),
    ink: Number.isInteger(ink) ? Math.abs(ink as number) % INKS : 0,
    text: typeof text === 'string' ? text.slice(0, LONGEST_TEXT) : '',
  }
}

function isAnchor(value: unknown): value is Anchor {
  const { time, price } = (value ?? {}) as Record<string, unknown>
  return Number.isFinite(time) && Number.isFinite(price)
}
