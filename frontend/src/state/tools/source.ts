import type { Source } from '../../chart/tools/indicators/indicatorLayer'
import type { Page } from '../page'

/** What the tools of a page's chart compute from. */
export function sourceOf(page: Page): () => Source {
  return () => {
    const { feed, timeframe } = page
    return { bars: feed.list.bars, gaps: feed.gaps, timeframe, knowsStart: feed.atStart }
  }
}
