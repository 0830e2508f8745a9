/** The tools of the chart: loaded when they are used first. */
import './tools.css'

export { IndicatorSet } from '../../state/tools/indicatorSet'
export { IndicatorDialog } from './IndicatorDialog'
export { IndicatorLegend } from './IndicatorLegend'
