import type { Page } from '../../state/page'
import { panelText } from '../../text/panelText'

/** The keys. */
export function Help({ page }: { page: Page }) {
  return (
    <>
      {!page.settings.shortcuts && <p className="keys-off">{panelText.keysOff}</p>}
      <dl className="keys">
        {panelText.keys.map(([keys, does]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </>
  )
}
