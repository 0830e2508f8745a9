import { formatMoment, formatPrice, formatVolume } from '../chart/format'
import type { Page } from '../state/page'
import { useSignal } from './usePage'

const ROWS = 20

/** The last bars for those who cannot see the canvas. */
export function BarTable({ page }: { page: Page }) {
  useSignal(page.changed)
  useSignal(page.barsChanged)
  const decimals = page.chart?.decimals ?? 2
  const bars = page.feed.list.bars.slice(-ROWS).reverse()
  return (
    <div className="hidden">
      <table>
        <caption>
          The last {bars.length} bars of {page.name(page.symbol)} {page.timeframe}, newest first
        </caption>
        <thead>
          <tr>
            {['Time', 'Open', 'High', 'Low', 'Close', 'Volume'].map((name) => (
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
                // biome-ignore lint/suspicious/noArrayIndexKey: the four columns never change places
                <td key={column}>{formatPrice(price, decimals)}</td>
              ))}
              <td>{formatVolume(bar.volume)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
