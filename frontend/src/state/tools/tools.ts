import type { Page } from '../page'
import { ChartStyle } from './chartStyle'
import { CompareSet } from './compareSet'
import { DrawingHand } from './drawingHand'
import { DrawingSet } from './drawingSet'
import { IndicatorSet } from './indicatorSet'
import { LayoutStore } from './layout'

/** All that can be put on a page's chart. */
export class Tools {
  readonly store: LayoutStore
  readonly indicators: IndicatorSet
  readonly style: ChartStyle
  readonly compare: CompareSet
  readonly drawings: DrawingSet

  constructor(page: Page) {
    this.store = new LayoutStore(page)
    this.style = new ChartStyle(page, this.store)
    this.compare = new CompareSet(page, this.store)
    this.indicators = new IndicatorSet(page, this.store)
    this.drawings = new DrawingSet(page)
    new DrawingHand(this.drawings)
  }
}
