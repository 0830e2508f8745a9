import { decimalsOfBar, formatMoment, formatPrice, formatVolume } from '../../chart/format'
import type { ChartPage } from '../../state/chartPage'
import { text } from '../../text/text'
import { useSignal } from '../usePage'

const ROWS = 20

/** The last bars for those who cannot see the canvas. */
export function BarTable({ page }: { page: ChartPage }) {
  useSignal(page.changed)
  useSignal(page.barsChanged)
  const decimals = page.chart?.decimals ?? 2
  const bars = page.feed.list.bars.slice(-ROWS).reverse()
  return (
    <div className="hidden">
      <table>
        <caption>{text.tableOf(bars.length, `${page.name(page.symbol)} ${page.timeframe}`)}</caption>
        <thead>
          <tr>
            {[text.time, text.open, text.high, text.low, text.closePrice, text.volume].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {bars.map((bar) => (
            <tr key={bar.time}>
              <th scope="row">{formatMoment(bar.time, page.settings.timeZone)}</th>
              {[bar.open, bar.high, bar.low, bar.close].map((price, column) => (
                <td key={column}>{formatPrice(price, decimalsOfBar(bar, decimals))}</td>
              ))}
              <td>{formatVolume(bar.volume)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
