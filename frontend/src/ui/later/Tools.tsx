import { useEffect } from 'preact/hooks'
import type { Page } from '../../state/page'
import { panelText } from '../../text/panelText'
import { useSignal } from '../usePage'
import { toolboxOf } from './toolbox'

/** In the header: what opens the tools of the chart. */
export function ToolButtons({ page }: { page: Page }) {
  return (
    <div className="tool-buttons">
      <button type="button" className="tool-button" onClick={() => toolboxOf(page).showIndicators()}>
        <span aria-hidden="true" className="fx">
          ƒx
        </span>{' '}
        {panelText.indicators}
      </button>
    </div>
  )
}

/** On the chart: what the tools show there, and their dialogs. */
export function ChartTools({ page }: { page: Page }) {
  const box = toolboxOf(page)
  useSignal(box.changed)
  useEffect(() => box.recall(), [box])
  if (box.parts === null || box.indicators === null) return null
  const { IndicatorLegend, IndicatorDialog } = box.parts
  return (
    <>
      <IndicatorLegend page={page} box={box} set={box.indicators} />
      {box.open !== null && <IndicatorDialog set={box.indicators} edit={box.open.edit} onClose={box.close} />}
    </>
  )
}
