import { download, fileName } from '../../chart/tools/export'
import { panelText } from '../../text/panelText'
import type { Page } from '../page'
import type { Kept } from './drawings'
import { readLayout } from './layout'
import type { Tools } from './tools'

/** The kind that our files name in themselves. */
const FORMAT = 'candlestream-layout'
const VERSION = 1
/** Nobody has drawn so much. */
const LARGEST_BYTES = 5_000_000

/** Offers the layout and the drawings of all symbols as a file: a backup, and the way to another browser. */
export function saveLayoutFile(page: Page, { store, drawings }: Tools): void {
  const content = { format: FORMAT, version: VERSION, layout: JSON.parse(store.text), drawings: drawings.kept }
  download(
    fileName(page.origin, 'layout.json'),
    new Blob([JSON.stringify(content, null, 1)], { type: 'application/json' }),
  )
}

/** Takes a file in the place of what is on the chart. What is no layout is refused in words; the way back is offered. */
export async function loadLayoutFile(page: Page, tools: Tools, file: File): Promise<void> {
  const content = file.size > LARGEST_BYTES ? null : readFile(await file.text())
  if (content === null) return page.say(panelText.notALayout(file.name))
  const before = { layout: tools.store.text, drawings: tools.drawings.kept }
  restore(tools, content.layout, content.drawings)
  page.say(panelText.layoutLoaded, () => restore(tools, before.layout, before.drawings))
}

function restore(tools: Tools, layout: string, drawings: Kept): void {
  tools.store.keep(readLayout(layout))
  tools.style.restore()
  tools.compare.restore()
  tools.indicators.restore()
  tools.drawings.restore(drawings)
}

/** Null where it is not a layout of ours. A later version's is read as far as this one knows it. */
export function readFile(content: string): { layout: string; drawings: Kept } | null {
  try {
    const { format, layout, drawings } = JSON.parse(content) as Record<string, unknown>
    if (format !== FORMAT || typeof layout !== 'object' || layout === null) return null
    const isKept = typeof drawings === 'object' && drawings !== null && !Array.isArray(drawings)
    return { layout: JSON.stringify(layout), drawings: isKept ? (drawings as Kept) : {} }
  } catch {
    return null
  }
}
