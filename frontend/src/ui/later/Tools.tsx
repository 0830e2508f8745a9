import { useEffect } from 'preact/hooks'
import type { Page } from '../../state/page'
import { panelText } from '../../text/panelText'
import { Panel } from '../Panel'
import { useSignal } from '../usePage'
import { GoToDate } from './GoToDate'
import { toolboxOf } from './toolbox'

/** In the header: what opens the tools of the chart. */
export function ToolButtons({ page }: { page: Page }) {
  const box = toolboxOf(page)
  useSignal(box.changed)
  const { parts, tools } = box
  const load = () => void box.load()
  return (
    <div className="tool-buttons">
      <button type="button" className="tool-button" popovertarget="chart-type" onClick={load}>
        {panelText.chartType}
      </button>
      <button type="button" className="tool-button" onClick={() => box.showIndicators()}>
        <span aria-hidden="true" className="fx">
          ƒx
        </span>{' '}
        {panelText.indicators}
      </button>
      <button type="button" className="tool-button" popovertarget="draw" onClick={load}>
        {panelText.draw}
      </button>
      <button type="button" className="tool-button seldom" popovertarget="compare" onClick={load}>
        {panelText.compare}
      </button>
      <Panel id="chart-type" title={panelText.chartType}>
        {parts !== null && tools !== null && <parts.ChartTypeMenu tools={tools} />}
      </Panel>
      <Panel id="draw" title={panelText.draw}>
        {parts !== null && tools !== null && <parts.DrawMenu set={tools.drawings} />}
      </Panel>
      <Panel id="go-to-date" title={panelText.goToDate}>
        <GoToDate page={page} />
      </Panel>
      <Panel id="compare" title={panelText.compare}>
        {parts !== null && tools !== null && <parts.CompareMenu page={page} tools={tools} />}
      </Panel>
    </div>
  )
}

/** On the chart: what the tools show there, and their dialogs. */
export function ChartTools({ page }: { page: Page }) {
  const box = toolboxOf(page)
  useSignal(box.changed)
  useEffect(() => box.recall(), [box])
  const { parts, tools, open } = box
  if (parts === null || tools === null) return null
  return (
    <>
      <parts.ToolLegend page={page} box={box} tools={tools} />
      <parts.DrawingBar page={page} set={tools.drawings} />
      {open !== null && <parts.IndicatorDialog set={tools.indicators} edit={open.edit} onClose={box.close} />}
    </>
  )
}
