import { useCandles } from 'candle-stream/react'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'

const url = new URLSearchParams(location.search).get('url') ?? 'http://127.0.0.1:8000'

function Row({ series }: { series: string }) {
  const { candles, latest, connected, error } = useCandles(series, { url, history: 50 })
  return (
    <tr>
      <th>{series}</th>
      <td>{error?.message ?? latest?.close}</td>
      <td>{connected ? 'live' : 'not live'}</td>
      <td>{candles.length} candles</td>
    </tr>
  )
}

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <table>
      <tbody>
        <Row series="BTCUSD:1m" />
        <Row series="ETHUSD:1m" />
      </tbody>
    </table>
  </StrictMode>,
)
