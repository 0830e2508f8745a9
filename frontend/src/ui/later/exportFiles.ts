import { readColours } from '../../chart/palette'
import { download, fileName, toCsv, withTitle } from '../../chart/tools/export'
import type { Page } from '../../state/page'
import { toolboxOf } from './toolbox'

/** The chart as it is seen, with a line that names it. */
export function savePicture(page: Page): void {
  const picture = page.chart?.screenshot()
  if (picture === undefined) return
  const { origin } = page
  const { background, text: ink } = readColours()
  withTitle(picture, origin, background, ink).toBlob((blob) => blob !== null && download(fileName(origin, 'png'), blob))
}

/** The bars in view. */
export function saveTable(page: Page): void {
  const seen = page.chart?.visibleTimes() ?? null
  const bars = page.feed.list.bars.filter((bar) => seen !== null && bar.time >= seen.from && bar.time <= seen.to)
  download(
    fileName(page.origin, 'csv'),
    new Blob([toCsv(bars, page.origin, toolboxOf(page).tools?.indicators.columns)], { type: 'text/csv' }),
  )
}

export function toggleFullScreen(): void {
  void (document.fullscreenElement === null ? document.documentElement.requestFullscreen() : document.exitFullscreen())
}
