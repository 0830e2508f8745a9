import type { Candle } from '../../src/api/candleStream'

export function candles(count: number, seed?: number, start?: number): Candle[]
