import { text } from '../text/text'
import { ListIcon, MoreIcon } from './icons'

/** Where the panels are opened: in the header, on a phone below the chart. */
export function Tabs({ isDrawer }: { isDrawer: boolean }) {
  return (
    <nav className="tabs" aria-label={text.tools}>
      {isDrawer && (
        <button type="button" className="tab" popovertarget="rail" title={text.watchlist}>
          <ListIcon />
          <span>{text.watchlist}</span>
        </button>
      )}
      <button type="button" className="tab" popovertarget="more" title={text.more}>
        <MoreIcon />
        <span>{text.more}</span>
      </button>
    </nav>
  )
}
