import { inGerman } from './text'

/** The sentences of what is loaded later. */
const english = {
  newVersion: 'A new version is ready. It is used from the next load on.',
  // Watchlist and connection
  railName: 'Watchlist and connection',
  loadingSymbols: 'Loading symbols…',
  addSymbol: 'Find a symbol',
  watch: (name: string) => `Watch ${name}`,
  unwatch: (name: string) => `Stop watching ${name}`,
  connection: 'Connection',
  lastChanges: 'Last changes of the connection',
  source: 'Source',
  sse: 'SSE stream',
  sseByOther: 'SSE, by another tab',
  http: 'HTTP polling',
  lastMessage: 'Last message',
  ago: (seconds: number) => `${seconds} s ago`,
  delay: 'Delay',
  retries: 'Retries',
  gaps: 'Gaps',
  none: 'none',
  // More
  theme: 'Theme',
  themes: { system: 'System', dark: 'Dark', light: 'Light' },
  palette: 'Colour-blind palette',
  zone: 'Time zone',
  zones: { utc: 'UTC', local: 'Local' },
  scales: { linear: 'Linear', log: 'Log', percent: 'Percent' },
  reset: 'Reset view',
  shortcuts: 'Single-key shortcuts',
  rail: 'Watchlist beside the chart',
  on: 'On',
  off: 'Off',
  picture: 'Save picture (PNG)',
  table: 'Save bars in view (CSV)',
  fullScreen: 'Full screen',
  help: 'Keys and help',
  signOut: 'Sign out',
  notKept: 'Not kept in this browser: it forbids storage.',
  exportedAt: (moment: string) => `as of ${moment}`,

  // Keys
  keysOff: 'Single-key shortcuts are off; turn them on under “More”.',
  keys: [
    ['1 – 9', 'timeframe'],
    ['15 ⏎', 'timeframe in minutes'],
    ['/ A – Z', 'find symbol'],
    ['+ −', 'zoom'],
    ['← →', 'scroll'],
    ['End', 'go to live'],
    ['R', 'reset view'],
    ['L', 'log scale'],
    ['P', 'percent scale'],
    ['T', 'UTC or local time'],
    ['D', 'dark or light'],
    ['C', 'colour-blind palette'],
    ['W', 'watchlist'],
    ['?', 'this help'],
  ] as readonly (readonly [string, string])[],

  // Search
  searchName: 'Find a symbol',
  searchSymbols: 'Search symbols',
  searchHint: 'Search symbols…',
  symbols: 'Symbols',
  star: (name: string) => `Watch ${name}`,
  noList: 'The list of symbols has not arrived yet.',
  noMatch: (typed: string) => `No symbol matches “${typed}”.`,

  // Sign-in
  needsKey: 'This server needs a key',
  keyStays: 'The browser does not store the key: the server gives a session in exchange for it.',
  apiKey: 'API key',
  signIn: 'Sign in',
  asking: 'Asking…',
}

export type PanelText = typeof english

export const panelText: PanelText = await inGerman(english, ({ germanPanels }) => germanPanels)
