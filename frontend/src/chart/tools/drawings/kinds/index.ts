import type { DrawingId, DrawingKind } from '../drawingKind'
import { fibonacci } from './fibonacci'
import { horizontal } from './horizontal'
import { measure } from './measure'
import { ray } from './ray'
import { rectangle } from './rectangle'
import { text } from './text'
import { trend } from './trend'
import { vertical } from './vertical'

/** Every kind of drawing. */
export const KINDS: Record<DrawingId, DrawingKind> = {
  trend,
  ray,
  horizontal,
  vertical,
  rectangle,
  fibonacci,
  text,
  measure,
}
