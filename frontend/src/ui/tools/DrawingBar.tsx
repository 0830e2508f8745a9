import { formatMoment, formatPrice } from '../../chart/format'
import type { Page } from '../../state/page'
import type { DrawingSet } from '../../state/tools/drawingSet'
import { panelText } from '../../text/panelText'
import { text } from '../../text/text'
import { useSignal } from '../usePage'

/** Above the chart's foot while there is a tool in hand or a drawing selected: what it is and what can be done with it. */
export function DrawingBar({ page, set }: { page: Page; set: DrawingSet }) {
  useSignal(set.changed)
  const { chosen, tool } = set
  if (chosen === null && tool === null) return null
  const name = panelText.drawings[chosen?.id ?? tool!]
  return (
    <div className="drawing-bar" role="toolbar" aria-label={name}>
      <p role="status">{chosen === null ? panelText.press(name) : say(page, set)}</p>
      {chosen !== null && (
        <>
          <select
            aria-label={panelText.colourOf('')}
            value={String(chosen.ink)}
            className={`ink${chosen.ink}`}
            onChange={({ currentTarget: { value } }) => {
              set.remember()
              set.edit(chosen.key, { ink: Number(value) })
            }}
          >
            {panelText.inks.map((ink, i) => (
              <option key={ink} value={String(i)}>
                {ink}
              </option>
            ))}
          </select>
          {chosen.id === 'text' && (
            <input
              aria-label={panelText.words}
              maxLength={200}
              value={chosen.text}
              onInput={({ currentTarget: { value } }) => set.edit(chosen.key, { text: value })}
            />
          )}
          <button type="button" title={panelText.drawingHints} onClick={() => set.remove()}>
            {panelText.deleteDrawing}
          </button>
        </>
      )}
      <button type="button" disabled={!set.canUndo} onClick={() => set.undo()}>
        {text.undo}
      </button>
      <button type="button" disabled={!set.canRedo} onClick={() => set.redo()}>
        {panelText.redo}
      </button>
      <button type="button" onClick={() => set.take(null)}>
        {panelText.done}
      </button>
    </div>
  )
}

/** What a reader hears: the kind, and where its point in hand is. */
function say(page: Page, { chosen, selected }: DrawingSet): string {
  const { time, price } = chosen!.anchors[selected?.point ?? 0]!
  const moment = formatMoment(time, page.settings.timeZone)
  return panelText.drawn(panelText.drawings[chosen!.id], moment, formatPrice(price, page.chart?.decimals ?? 2))
}
