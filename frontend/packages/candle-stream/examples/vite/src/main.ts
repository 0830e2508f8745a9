import { attachCandles } from 'candle-stream/lightweight-charts'
import { CandlestickSeries, createChart, HistogramSeries } from 'lightweight-charts'

const url = new URLSearchParams(location.search).get('url') ?? 'http://127.0.0.1:8000'
const chart = createChart(document.getElementById('chart')!, { width: 900, height: 420 })
const candles = chart.addSeries(CandlestickSeries)
attachCandles(candles, 'BTCUSD:1m', {
  url,
  volume: chart.addSeries(HistogramSeries, { priceFormat: { type: 'volume' } }, 1),
  onChange: ({ state, gaps, error }) => {
    const bars = candles.data().length
    document.getElementById('state')!.textContent =
      error?.message ?? `${bars} bars, ${state?.state}, ${gaps.length} gaps`
  },
})
