import './tools.css'

/** The tools of the chart: loaded when they are used first. */
export { loadLayoutFile, saveLayoutFile } from '../../state/tools/layoutFile'
export { Tools } from '../../state/tools/tools'
export { ChartTypeMenu } from './ChartTypeMenu'
export { CompareMenu } from './CompareMenu'
export { DrawingBar } from './DrawingBar'
export { DrawMenu } from './DrawMenu'
export { IndicatorDialog } from './IndicatorDialog'
export { ToolLegend } from './ToolLegend'
