import { CHART_TYPES } from '../../chart/tools/types/painters'
import type { Tools } from '../../state/tools/tools'
import { panelText } from '../../text/panelText'
import { useSignal } from '../usePage'

/** How the bars are drawn, and what is marked at them. */
export function ChartTypeMenu({ tools }: { tools: Tools }) {
  useSignal(tools.store.changed)
  const { style } = tools
  return (
    <>
      <fieldset className="type-list">
        <legend className="hidden">{panelText.chartType}</legend>
        {CHART_TYPES.map((type) => (
          <label key={type}>
            <input
              type="radio"
              name="chart-type"
              checked={style.type === type}
              onChange={() => {
                style.type = type
              }}
            />
            <span>{panelText.chartTypes[type]}</span>
          </label>
        ))}
      </fieldset>
      {style.type === 'heikin' && <p className="small-print">{panelText.heikinMeans}</p>}
      <hr />
      {(['inverted', 'marks', 'dayLines'] as const).map((what) => (
        <button
          key={what}
          type="button"
          className="panel-item"
          aria-pressed={style[what]}
          onClick={() => style.toggle(what)}
        >
          {panelText[what]}
          <span className="state" aria-hidden="true">
            {style[what] ? `✓ ${panelText.on}` : panelText.off}
          </span>
        </button>
      ))}
    </>
  )
}
