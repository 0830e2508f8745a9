/**
 * Every sentence of the page; those of the panels, which are not needed at first, are in `panelText.ts`.
 * `german.ts` holds both in German and is loaded only where it is read; a missing sentence is an error of types.
 */
const english = {
  // Frame
  page: 'CandleStream',
  live: 'Live',
  findSymbol: 'find a symbol',
  timeframe: 'Timeframe',
  tools: 'Tools',
  lists: 'Lists',
  more: 'More',
  keyboard: 'Keyboard',
  close: 'Close',
  simulated: 'Simulated',
  simulatedMeans: 'Simulated market: these are not real prices.',
  simulator: 'Simulator',
  undo: 'Undo',
  goLive: 'Go to live',
  high: 'High',
  low: 'Low',
  open: 'Open',
  closePrice: 'Close',
  change: 'Change',
  volume: 'Volume',
  volumeShort: 'Vol',
  day: '24h',
  barClosesIn: 'Bar closes in',
  bars: (count: number) => `${count} bars`,
  chartsBy: 'Charts by TradingView',
  clockMeans: 'Server time. Switch between UTC, the exchange’s time, and your local time.',

  // Chart
  chartOf: (name: string) => `Chart of ${name}`,
  chartKeys: 'Left and right arrows read candle by candle, Escape leaves.',
  candle: (moment: string, o: string, h: string, l: string, c: string, volume: string) =>
    `${moment}: open ${o}, high ${h}, low ${l}, close ${c}, volume ${volume}.`,
  forming: 'Still forming.',
  cut: (from: string, to: string) => `Not known: the feed was cut from ${from} to ${to}.`,
  corrected: 'corrected',
  loading: (name: string) => `Loading ${name}…`,
  tryingAgain: (problem: string) => `${problem} Trying again…`,
  loadingOlder: 'Loading older bars…',
  startOfHistory: 'Start of history',
  noTrades: 'No trades yet',
  noTradesOf: (name: string) => `The server has no candles of ${name}. The first trade will appear here.`,
  asOf: (moment: string) => `As of ${moment}.`,
  showingLast: (count: number, why: string) => `Showing the last ${count} bars. ${why}`,
  silent: 'The stream is silent.',
  tableOf: (count: number, name: string) => `The last ${count} bars of ${name}, newest first`,
  time: 'Time',
  notYetKnown: 'The server does not have the history yet.',
  unreachable: 'The server cannot be reached.',
  unreadable: 'The server’s answer could not be read.',

  // Scale
  scale: 'Price scale',
  auto: 'Auto scale',
  log: 'Log scale',
  percent: 'Percent scale',

  retryIn: (seconds: number) => `retry ${seconds}s`,
  // Watchlist
  watchlist: 'Watchlist',
  removed: (name: string) => `${name} removed.`,
  old: (why: string) => `Old: ${why}`,
  noConnection: 'there is no connection to the server.',
  noPrices: (state: string, because: string) => `the server gets no prices from the exchange (${state}${because}).`,

  // Links and refusals
  cannotShow: (symbol: string) => `Can’t show ${symbol}`,
  chooseSymbol: 'Choose a symbol',
  noSuchSymbol: 'The link names a symbol that cannot be one.',
  noSuchTimeframe: (asked: string, shown: string) =>
    `The link asks for the timeframe “${asked}”, which this server does not offer. This is ${shown}.`,
  typedTimeframe: (minutes: number) => `No timeframe of ${minutes} minutes is offered.`,

  notAKey: 'This is not an API key.',
  unknownKey: 'The server does not know this key.',
  stillSignedIn: (why: string) => `Still signed in. ${why}`,

  // Condition
  keyNeeded: 'Key needed',
  keyNeededMeans: 'The server needs an API key.',
  error: 'Error',
  loadingWord: 'Loading',
  loadingMeans: 'Asking the server for history.',
  connecting: 'Connecting',
  connectingMeans: 'Opening the stream.',
  stale: 'Stale',
  staleMeans: (seconds: number) => `The stream has been silent for ${seconds} s, longer than its heartbeat.`,
  liveMeans: (simulated: boolean) =>
    `Streaming from the exchange${simulated ? ' simulator: these are not real prices' : ''}.`,
  serverConnecting: (because: string) => `The server is connecting to the exchange${because}.`,
  reconnecting: 'Reconnecting',
  attempt: (count: number) => ` (attempt ${count})`,
  serverReconnecting: (attempt: string, because: string) =>
    `The server lost the exchange and is reconnecting${attempt}${because}.`,
  polling: (every: string) => `Polling · ${every}`,
  serverPolling: (every: string, because: string) =>
    `The exchange’s live feed is unavailable; the server polls it every ${every}${because}.`,
  down: 'Down',
  downMeans: 'The server gets no data from the exchange.',
  offline: 'Offline',
  noNetwork: 'This device has no network.',
  nothingNew: (error: string) => `The server has no new data for this series: ${error}`,
  pollingMeans: (why: string, every: string) => `No stream (${why}); asking every ${every}.`,
  offlineMeans: (why: string, attempt: number) => `No connection to the server: ${why}. Attempt ${attempt}.`,
  reconnectingMeans: (why: string, attempt: number) => `Reconnecting: ${why}. Attempt ${attempt}.`,
  drops: {
    refused: 'the server refused the stream or could not be reached',
    dropped: 'the connection broke',
    silent: 'the stream went silent',
    bye: 'the server is restarting',
    garbled: 'the stream could not be read',
  },
}

export type Text = typeof english

/** The language of the page: German for those who read it first, else English. */
export const isGerman = /^de\b/i.test(navigator.language)

/** Numbers and dates are written as the page's language writes them. */
export const locale: string = /^(de|en)\b/i.test(navigator.language) ? navigator.language : 'en-US'

export const text: Text = await inGerman(english, ({ german }) => german)

/** German where it is read; English, too, where the German file cannot be had. */
export async function inGerman<T>(english: T, pick: (file: typeof import('./german')) => T): Promise<T> {
  if (!isGerman) return english
  try {
    return pick(await import('./german'))
  } catch {
    return english
  }
}
