/** The stream client of CandleStream; it lives in a package of its own so that other programs can use it. */
export * from 'candle-stream'
