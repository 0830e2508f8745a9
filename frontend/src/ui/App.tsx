import { useEffect, useRef, useState } from 'preact/hooks'
import type { Page } from '../state/page'
import { text } from '../text/text'
import { Header } from './Header'
import { later, loadLater } from './Later'
import type { Panels } from './later/keyboard'
import { Panel } from './Panel'
import { Stage } from './Stage'
import { Tabs } from './Tabs'
import { useMedia, useSignal } from './usePage'

const Connection = later((parts) => parts.Connection)
const Footer = later((parts) => parts.Footer)
const Toast = later((parts) => parts.Toast)
const Help = later((parts) => parts.Help)
const Rail = later((parts) => parts.Rail)
const MoreItems = later((parts) => parts.MoreItems)
const Strip = later((parts) => parts.Strip)
const TimeframeMenu = later((parts) => parts.TimeframeMenu)
const SymbolDialog = later((parts) => parts.SymbolDialog)
/** Below this width the watchlist is a drawer. */
const DRAWER = '(max-width: 1079px)'
/** And the page is a phone's: panels are sheets, and there is no strip. */
const PHONE = '(max-width: 900px)'

/** The page around the chart. Candles never pass through here. */
export function App({ page }: { page: Page }) {
  useSignal(page.changed)
  /** What was typed to open the search; null while it is closed. */
  const [searching, setSearching] = useState<string | null>(null)
  const help = useRef<HTMLDivElement>(null)
  const isDrawer = useMedia(DRAWER)
  const isPhone = useMedia(PHONE)
  // Nothing is loaded for the panels before the first candle is there, or the word that there will be none.
  const hasSettled = useRef(false)
  hasSettled.current ||= !page.feed.loading || page.feed.problem !== null || page.session.locked
  const isSettled = hasSettled.current
  const onSearch = () => setSearching('')

  useEffect(() => {
    if (isSettled) return listenToKeys(page, { search: setSearching, help: () => help.current?.togglePopover() })
  }, [page, isSettled])

  const classes = ['app']
  if (!page.settings.shortcuts) classes.push('no-shortcuts')
  if (!isDrawer && page.settings.rail) classes.push('with-rail')
  if (!isPhone && page.settings.strip) classes.push('with-strip')
  return (
    <div className={classes.join(' ')}>
      <div className="top">
        <Header page={page} onSearch={onSearch} />
        <Tabs isDrawer={isDrawer} />
      </div>
      {isSettled && !isPhone && page.settings.strip && <Strip page={page} />}
      <Stage page={page} isFolded={!isPhone && !page.settings.strip} onSearch={onSearch} />
      {isSettled && (isDrawer || page.settings.rail) && <Rail page={page} isDrawer={isDrawer} onSearch={onSearch} />}
      {isSettled && <Footer page={page} />}
      <Panel id="more" title={text.more}>
        {isSettled && <MoreItems page={page} isDrawer={isDrawer} isPhone={isPhone} />}
      </Panel>
      <Panel id="connection" title={text.connection}>
        {isSettled && <Connection page={page} />}
      </Panel>
      <Panel id="timeframes" title={text.allTimeframes}>
        {isSettled && <TimeframeMenu page={page} />}
      </Panel>
      <Panel id="help" title={text.keyboard} panel={help}>
        {isSettled && <Help page={page} />}
      </Panel>
      {isSettled && <Toast page={page} />}
      {searching !== null && <SymbolDialog page={page} typed={searching} onClose={() => setSearching(null)} />}
    </div>
  )
}

/** The keys work as soon as their part of the page is there, and the page may be opened without a network from then on. Returns what ends it. */
function listenToKeys(page: Page, panels: Panels): () => void {
  const life = new AbortController()
  void loadLater(life.signal).then((parts) => {
    if (parts === null) return
    void parts.installWorker(page)
    const keyboard = new parts.Keyboard(page, panels)
    window.addEventListener('keydown', keyboard.handle, { signal: life.signal })
    life.signal.addEventListener('abort', () => keyboard.dispose())
  })
  return () => life.abort()
}
