/** Every sentence of the page in each of its languages; `vite.config.ts` takes the languages apart, so that a browser loads one. */
interface Sentence<T> {
  en: T
  de: T
}

/** What all languages have in common is the type of the English one: a missing or different sentence is an error of types. */
/* @__NO_SIDE_EFFECTS__ */
function sentences<T extends Record<string, unknown>>(
  all: { [K in keyof T]: Sentence<T[K]> },
): { [K in keyof T]: Sentence<T[K]> } {
  return all
}

/** `15m` → `15 minutes`. The plural ends in `s`, or in what is named for the word, or else in `n`. */
function lengthOf(name: string, units: readonly string[], plural: string | Record<string, string>): string {
  const unit = units['mhDWM'.indexOf(name.slice(-1))] ?? ''
  const count = Number(name.slice(0, -1))
  const ending = typeof plural === 'string' ? plural : (plural[unit] ?? 'n')
  return `${count} ${unit}${count === 1 ? '' : ending}`
}

/** What is needed from the start. */
export const page = sentences({
  // Frame
  page: { en: 'CandleStream', de: 'CandleStream' },
  live: { en: 'Live', de: 'Live' },
  findSymbol: { en: 'find a symbol', de: 'Symbol suchen' },
  timeframe: { en: 'Timeframe', de: 'Zeiteinheit' },
  tools: { en: 'Tools', de: 'Werkzeuge' },
  connection: { en: 'Connection', de: 'Verbindung' },
  allTimeframes: { en: 'All timeframes', de: 'Alle Zeiteinheiten' },
  unfoldStrip: { en: 'Show the chart’s tools', de: 'Werkzeuge zeigen' },
  more: { en: 'More', de: 'Mehr' },
  keyboard: { en: 'Keyboard', de: 'Tastatur' },
  close: { en: 'Close', de: 'Schließen' },
  simulated: { en: 'Simulated', de: 'Simuliert' },
  simulatedMeans: {
    en: 'Simulated market: these are not real prices.',
    de: 'Simulierter Markt: Das sind keine echten Preise.',
  },
  simulator: { en: 'Simulator', de: 'Simulator' },
  undo: { en: 'Undo', de: 'Rückgängig' },
  goLive: { en: 'Go to live', de: 'Zur Gegenwart' },
  high: { en: 'High', de: 'Hoch' },
  low: { en: 'Low', de: 'Tief' },
  open: { en: 'Open', de: 'Eröffnung' },
  closePrice: { en: 'Close', de: 'Schluss' },
  change: { en: 'Change', de: 'Änderung' },
  volume: { en: 'Volume', de: 'Volumen' },
  volumeShort: { en: 'Vol', de: 'Vol' },
  day: { en: '24h', de: '24h' },
  chartsBy: { en: 'Charts by TradingView', de: 'Charts von TradingView' },

  // Chart
  chartOf: { en: (name: string) => `Chart of ${name}`, de: (name) => `Chart von ${name}` },
  chartKeys: {
    en: 'Left and right arrows read candle by candle, Escape leaves.',
    de: 'Pfeile links und rechts lesen Kerze für Kerze vor, Escape beendet es.',
  },
  candle: {
    en: (moment: string, o: string, h: string, l: string, c: string, volume: string) =>
      `${moment}: open ${o}, high ${h}, low ${l}, close ${c}, volume ${volume}.`,
    de: (moment, o, h, l, c, volume) =>
      `${moment}: Eröffnung ${o}, Hoch ${h}, Tief ${l}, Schluss ${c}, Volumen ${volume}.`,
  },
  forming: { en: 'Still forming.', de: 'Noch nicht abgeschlossen.' },
  cut: {
    en: (from: string, to: string) => `Not known: the feed was cut from ${from} to ${to}.`,
    de: (from, to) => `Nicht bekannt: Die Daten fehlten von ${from} bis ${to}.`,
  },
  feedCut: { en: 'Feed cut', de: 'Daten fehlen' },
  corrected: { en: 'corrected', de: 'korrigiert' },
  loading: { en: (name: string) => `Loading ${name}…`, de: (name) => `${name} wird geladen…` },
  tryingAgain: { en: (problem: string) => `${problem} Trying again…`, de: (problem) => `${problem} Neuer Versuch…` },
  loadingOlder: { en: 'Loading older bars…', de: 'Ältere Kerzen werden geladen…' },
  startOfHistory: { en: 'Start of history', de: 'Beginn der Daten' },
  nothingOlder: { en: 'The exchange keeps nothing older', de: 'Die Börse hat nichts Älteres' },
  noTrades: { en: 'No trades yet', de: 'Noch kein Handel' },
  noTradesOf: {
    en: (name: string) => `The server has no candles of ${name}. The first trade will appear here.`,
    de: (name) => `Der Server hat keine Kerze von ${name}. Der erste Handel erscheint hier.`,
  },
  asOf: { en: (moment: string) => `As of ${moment}.`, de: (moment) => `Stand ${moment}.` },
  showingLast: {
    en: (count: number, why: string) => `Showing the last ${count} bars. ${why}`,
    de: (count, why) => `Zu sehen sind die letzten ${count} Kerzen. ${why}`,
  },
  silent: { en: 'The stream is silent.', de: 'Der Datenstrom schweigt.' },
  tableOf: {
    en: (count: number, name: string) => `The last ${count} bars of ${name}, newest first`,
    de: (count, name) => `Die letzten ${count} Kerzen von ${name}, neueste zuerst`,
  },
  time: { en: 'Time', de: 'Zeit' },
  notYetKnown: { en: 'The server does not have the history yet.', de: 'Der Server hat die Daten noch nicht.' },
  unreachable: { en: 'The server cannot be reached.', de: 'Der Server ist nicht erreichbar.' },
  unreadable: { en: 'The server’s answer could not be read.', de: 'Die Antwort des Servers war nicht lesbar.' },

  // Scale
  scale: { en: 'Price scale', de: 'Preisachse' },
  auto: { en: 'Auto scale', de: 'Automatische Skala' },
  log: { en: 'Log scale', de: 'Logarithmische Skala' },
  percent: { en: 'Percent scale', de: 'Prozentskala' },
  retryIn: { en: (seconds: number) => `retry ${seconds}s`, de: (seconds) => `neu in ${seconds} s` },

  // Watchlist
  watchlist: { en: 'Watchlist', de: 'Merkliste' },
  removed: { en: (name: string) => `${name} removed.`, de: (name) => `${name} entfernt.` },
  old: { en: (why: string) => `Old: ${why}`, de: (why) => `Alt: ${why}` },
  noConnection: { en: 'there is no connection to the server.', de: 'Es gibt keine Verbindung zum Server.' },
  noPrices: {
    en: (state: string, because: string) => `the server gets no prices from the exchange (${state}${because}).`,
    de: (state, because) => `Der Server bekommt keine Preise von der Börse (${state}${because}).`,
  },

  // Links and refusals
  cannotShow: { en: (symbol: string) => `Can’t show ${symbol}`, de: (symbol) => `${symbol} kann nicht gezeigt werden` },
  chooseSymbol: { en: 'Choose a symbol', de: 'Symbol wählen' },
  noSuchSymbol: {
    en: 'The link names a symbol that cannot be one.',
    de: 'Der Link nennt ein Symbol, das es nicht geben kann.',
  },
  noSuchTimeframe: {
    en: (asked: string, shown: string) =>
      `The link asks for the timeframe “${asked}”, which this server does not offer. This is ${shown}.`,
    de: (asked, shown) =>
      `Der Link verlangt die Zeiteinheit „${asked}“, die dieser Server nicht anbietet. Zu sehen ist ${shown}.`,
  },
  unknownInLink: {
    en: (names: string) => `The link asks for more than this version knows (${names}). The rest is shown.`,
    de: (names) => `Der Link verlangt mehr, als diese Version kennt (${names}). Zu sehen ist der Rest.`,
  },
  notAKey: { en: 'This is not an API key.', de: 'Das ist kein API-Schlüssel.' },
  unknownKey: { en: 'The server does not know this key.', de: 'Der Server kennt diesen Schlüssel nicht.' },
  stillSignedIn: { en: (why: string) => `Still signed in. ${why}`, de: (why) => `Noch angemeldet. ${why}` },

  // A chart in another page
  closed: { en: 'Closed', de: 'Geschlossen' },
  embedClosed: {
    en: 'The link of this chart has no ticket that is still good.',
    de: 'Der Link dieses Charts hat keine gültige Eintrittskarte mehr.',
  },
  embedRefused: {
    en: (asked: string, allowed: string) => `The link says “${asked}”; allowed: ${allowed}.`,
    de: (asked, allowed) => `Im Link steht „${asked}“; erlaubt: ${allowed}.`,
  },

  // Condition
  keyNeeded: { en: 'Key needed', de: 'Schlüssel fehlt' },
  keyNeededMeans: { en: 'The server needs an API key.', de: 'Der Server gibt nichts ohne API-Schlüssel.' },
  error: { en: 'Error', de: 'Fehler' },
  loadingWord: { en: 'Loading', de: 'Lädt' },
  loadingMeans: { en: 'Asking the server for history.', de: 'Der Server wird nach den Daten gefragt.' },
  connecting: { en: 'Connecting', de: 'Verbindet' },
  connectingMeans: { en: 'Opening the stream.', de: 'Der Datenstrom wird geöffnet.' },
  stale: { en: 'Stale', de: 'Veraltet' },
  staleMeans: {
    en: (seconds: number) => `The stream has been silent for ${seconds} s, longer than its heartbeat.`,
    de: (seconds) => `Der Datenstrom schweigt seit ${seconds} s, länger als sein Herzschlag.`,
  },
  liveMeans: {
    en: (simulated: boolean) =>
      `Streaming from the exchange${simulated ? ' simulator: these are not real prices' : ''}.`,
    de: (simulated) =>
      simulated ? 'Datenstrom vom Simulator der Börse: Das sind keine echten Preise.' : 'Datenstrom von der Börse.',
  },
  serverConnecting: {
    en: (because: string) => `The server is connecting to the exchange${because}.`,
    de: (because) => `Der Server verbindet sich mit der Börse${because}.`,
  },
  reconnecting: { en: 'Reconnecting', de: 'Verbindet neu' },
  attempt: { en: (count: number) => ` (attempt ${count})`, de: (count) => ` (Versuch ${count})` },
  serverReconnecting: {
    en: (attempt: string, because: string) => `The server lost the exchange and is reconnecting${attempt}${because}.`,
    de: (attempt, because) => `Der Server hat die Börse verloren und verbindet sich neu${attempt}${because}.`,
  },
  polling: { en: (every: string) => `Polling · ${every}`, de: (every) => `Abfrage · ${every}` },
  serverPolling: {
    en: (every: string, because: string) =>
      `The exchange’s live feed is unavailable; the server polls it every ${every}${because}.`,
    de: (every, because) => `Der Datenstrom der Börse fehlt; der Server fragt sie alle ${every}${because}.`,
  },
  down: { en: 'Down', de: 'Gestört' },
  downMeans: { en: 'The server gets no data from the exchange.', de: 'Der Server bekommt keine Daten von der Börse.' },
  offline: { en: 'Offline', de: 'Offline' },
  noNetwork: { en: 'This device has no network.', de: 'Dieses Gerät hat kein Netz.' },
  nothingNew: {
    en: (error: string) => `The server has no new data for this series: ${error}`,
    de: (error) => `Der Server hat nichts Neues von dieser Reihe: ${error}`,
  },
  pollingMeans: {
    en: (why: string, every: string) => `No stream (${why}); asking every ${every}.`,
    de: (why, every) => `Kein Datenstrom (${why}); Abfrage alle ${every}.`,
  },
  offlineMeans: {
    en: (why: string, attempt: number) => `No connection to the server: ${why}. Attempt ${attempt}.`,
    de: (why, attempt) => `Keine Verbindung zum Server: ${why}. Versuch ${attempt}.`,
  },
  reconnectingMeans: {
    en: (why: string, attempt: number) => `Reconnecting: ${why}. Attempt ${attempt}.`,
    de: (why, attempt) => `Verbindet neu: ${why}. Versuch ${attempt}.`,
  },
  drops: {
    en: {
      refused: 'the server refused the stream or could not be reached',
      dropped: 'the connection broke',
      silent: 'the stream went silent',
      bye: 'the server is restarting',
      garbled: 'the stream could not be read',
    },
    de: {
      refused: 'der Server hat den Datenstrom abgelehnt oder war nicht erreichbar',
      dropped: 'die Verbindung ist abgebrochen',
      silent: 'der Datenstrom ist verstummt',
      bye: 'der Server startet neu',
      garbled: 'der Datenstrom war nicht lesbar',
    },
  },
})

/** What is loaded with the panels. */
export const panels = sentences({
  newVersion: {
    en: 'A new version is ready. It is used from the next load on.',
    de: 'Eine neue Version ist da. Sie gilt ab dem nächsten Laden.',
  },

  // Footer and keys
  gapCount: {
    en: (count: number) => (count === 1 ? '1 gap' : `${count} gaps`),
    de: (count) => (count === 1 ? '1 Lücke' : `${count} Lücken`),
  },
  gapsMean: {
    en: 'The feed was cut there: what was traded is not known. Shows the newest.',
    de: 'Dort fehlten die Daten: Was gehandelt wurde, ist nicht bekannt. Zeigt die neueste.',
  },
  clockMeans: {
    en: 'Server time. Switch between UTC, the exchange’s time, and your local time.',
    de: 'Zeit des Servers. Wechselt zwischen UTC, der Zeit der Börse, und Ihrer Ortszeit.',
  },
  barClosesIn: { en: 'Bar closes in', de: 'Kerze schließt in' },
  bars: { en: (count: number) => `${count} bars`, de: (count) => `${count} Kerzen` },
  typedTimeframe: {
    en: (minutes: number) => `No timeframe of ${minutes} minutes is offered.`,
    de: (minutes) => `Eine Zeiteinheit von ${minutes} Minuten gibt es nicht.`,
  },

  // Watchlist and connection
  loadingSymbols: { en: 'Loading symbols…', de: 'Symbole werden geladen…' },
  addSymbol: { en: 'Find a symbol', de: 'Symbol suchen' },
  watch: { en: (name: string) => `Watch ${name}`, de: (name) => `${name} merken` },
  unwatch: { en: (name: string) => `Stop watching ${name}`, de: (name) => `${name} nicht mehr merken` },
  lastChanges: { en: 'Last changes of the connection', de: 'Letzte Änderungen der Verbindung' },
  source: { en: 'Source', de: 'Quelle' },
  sse: { en: 'SSE stream', de: 'SSE-Datenstrom' },
  sseByOther: { en: 'SSE, by another tab', de: 'SSE, über einen anderen Tab' },
  http: { en: 'HTTP polling', de: 'Abfrage über HTTP' },
  lastMessage: { en: 'Last message', de: 'Letzte Nachricht' },
  ago: { en: (seconds: number) => `${seconds} s ago`, de: (seconds) => `vor ${seconds} s` },
  delay: { en: 'Delay', de: 'Verzögerung' },
  retries: { en: 'Retries', de: 'Versuche' },
  gaps: { en: 'Gaps', de: 'Lücken' },
  none: { en: 'none', de: 'keine' },

  // More
  theme: { en: 'Theme', de: 'Farben' },
  themes: {
    en: { system: 'System', dark: 'Dark', light: 'Light' },
    de: { system: 'System', dark: 'Dunkel', light: 'Hell' },
  },
  palette: { en: 'Colour-blind palette', de: 'Farbenblinden-Palette' },
  zone: { en: 'Time zone', de: 'Zeitzone' },
  zones: { en: { utc: 'UTC', local: 'Local' }, de: { utc: 'UTC', local: 'Ortszeit' } },
  scales: {
    en: { linear: 'Linear', log: 'Log', percent: 'Percent' },
    de: { linear: 'Linear', log: 'Logarithmisch', percent: 'Prozent' },
  },
  reset: { en: 'Reset view', de: 'Ansicht zurücksetzen' },
  shortcuts: { en: 'Single-key shortcuts', de: 'Tasten ohne Umschalter' },
  rail: { en: 'Watchlist beside the chart', de: 'Merkliste neben dem Chart' },
  on: { en: 'On', de: 'An' },
  off: { en: 'Off', de: 'Aus' },
  picture: { en: 'Save picture (PNG)', de: 'Bild speichern (PNG)' },
  table: { en: 'Save bars in view (CSV)', de: 'Sichtbare Kerzen speichern (CSV)' },
  fullScreen: { en: 'Full screen', de: 'Vollbild' },
  help: { en: 'Keys and help', de: 'Tasten und Hilfe' },
  signOut: { en: 'Sign out', de: 'Abmelden' },
  notKept: {
    en: 'Not kept in this browser: it forbids storage.',
    de: 'Dieser Browser merkt sich nichts: Er verbietet das Speichern.',
  },
  exportedAt: { en: (moment: string) => `as of ${moment}`, de: (moment) => `Stand ${moment}` },

  // Timeframes and tools
  favourite: { en: (name: string) => `${name} in the header`, de: (name) => `${name} in der Kopfzeile` },
  lengthOf: {
    en: (name: string) => lengthOf(name, ['minute', 'hour', 'day', 'week', 'month'], 's'),
    de: (name) => lengthOf(name, ['Minute', 'Stunde', 'Tag', 'Woche', 'Monat'], { Tag: 'e', Monat: 'e' }),
  },
  chartTools: { en: 'Chart tools', de: 'Werkzeuge des Charts' },
  zoomIn: { en: 'Zoom in', de: 'Vergrößern' },
  zoomOut: { en: 'Zoom out', de: 'Verkleinern' },
  foldStrip: { en: 'Hide the chart’s tools', de: 'Werkzeuge verbergen' },
  foldRail: { en: 'Hide the watchlist', de: 'Merkliste verbergen' },
  strip: { en: 'Tools beside the chart', de: 'Werkzeuge neben dem Chart' },

  // Indicators
  indicators: { en: 'Indicators', de: 'Indikatoren' },
  searchIndicators: { en: 'Search indicators', de: 'Indikatoren durchsuchen' },
  noIndicator: {
    en: (typed: string) => `No indicator matches “${typed}”.`,
    de: (typed) => `Kein Indikator passt zu „${typed}“.`,
  },
  groups: {
    en: {
      all: 'All',
      favourites: 'Favourites',
      average: 'Averages',
      band: 'Bands',
      trend: 'Trend',
      momentum: 'Momentum',
      volatility: 'Volatility',
      volume: 'Volume',
    },
    de: {
      all: 'Alle',
      favourites: 'Favoriten',
      average: 'Mittelwerte',
      band: 'Bänder',
      trend: 'Trend',
      momentum: 'Momentum',
      volatility: 'Schwankung',
      volume: 'Volumen',
    },
  },
  favouriteIndicator: { en: (name: string) => `Favourite: ${name}`, de: (name) => `Favorit: ${name}` },
  onChart: { en: 'On the chart', de: 'Auf dem Chart' },
  nothingOnChart: {
    en: 'Nothing yet. A click on an indicator adds it, another click one more.',
    de: 'Noch nichts. Ein Klick auf einen Indikator fügt ihn hinzu, ein weiterer noch einen.',
  },
  gapSentence: {
    en: 'After a gap an indicator starts anew, because what was traded there is not known. Its line is dotted until its window is full.',
    de: 'Nach einer Lücke beginnt ein Indikator neu, denn was dort gehandelt wurde, ist unbekannt. Bis sein Fenster voll ist, ist er gepunktet.',
  },
  parameters: {
    en: {
      length: 'Length',
      fast: 'Fast',
      middle: 'Middle',
      slow: 'Slow',
      signal: 'Signal',
      smoothing: 'Smoothing',
      smoothingD: 'Second smoothing',
      deviations: 'Deviations',
      atrLength: 'ATR length',
      multiplier: 'Multiplier',
      percent: 'Percent',
      step: 'Step',
      limit: 'Limit',
      shift: 'Shift',
      momentum: 'Momentum',
      offset: 'Offset',
      rows: 'Rows',
    },
    de: {
      length: 'Länge',
      fast: 'Schnell',
      middle: 'Mittel',
      slow: 'Langsam',
      signal: 'Signal',
      smoothing: 'Glättung',
      smoothingD: 'Zweite Glättung',
      deviations: 'Abweichungen',
      atrLength: 'ATR-Länge',
      multiplier: 'Faktor',
      percent: 'Prozent',
      step: 'Schritt',
      limit: 'Grenze',
      shift: 'Versatz',
      momentum: 'Momentum',
      offset: 'Lage',
      rows: 'Zeilen',
    },
  },
  colourOf: { en: (line: string) => `Colour${line && ` of ${line}`}`, de: (line) => `Farbe${line && ` von ${line}`}` },
  inks: {
    en: ['Sky', 'Violet', 'Pink', 'Blue', 'Sand', 'Slate'] as readonly string[],
    de: ['Himmel', 'Violett', 'Rosa', 'Blau', 'Sand', 'Schiefer'],
  },
  edit: { en: (name: string) => `Edit ${name}`, de: (name) => `${name} ändern` },
  hide: { en: (name: string) => `Hide ${name}`, de: (name) => `${name} ausblenden` },
  remove: { en: (name: string) => `Remove ${name}`, de: (name) => `${name} entfernen` },
  moveUp: { en: (name: string) => `Move ${name} up`, de: (name) => `${name} nach oben` },
  moveDown: { en: (name: string) => `Move ${name} down`, de: (name) => `${name} nach unten` },
  needsBars: {
    en: (needed: number, here: number) => `needs ${needed} bars, ${here} are here`,
    de: (needed, here) => `braucht ${needed} Kerzen, ${here} sind da`,
  },
  barsSinceGap: {
    en: (seen: number, needed: number) => `${seen} of ${needed} bars since the gap`,
    de: (seen, needed) => `${seen} von ${needed} Kerzen seit der Lücke`,
  },
  barsLoaded: {
    en: (seen: number, needed: number) => `${seen} of ${needed} bars loaded`,
    de: (seen, needed) => `${seen} von ${needed} Kerzen geladen`,
  },
  sinceUnknown: {
    en: 'its beginning is not known',
    de: 'sein Anfang ist nicht bekannt',
  },
  unknownIndicators: {
    en: (count: number) => `${count} indicators of the kept layout are not known to this version; the rest is shown.`,
    de: (count) => `${count} Indikatoren des gemerkten Layouts kennt diese Version nicht; zu sehen ist der Rest.`,
  },
  tooManyIndicators: {
    en: (most: number) => `There is room for ${most} indicators.`,
    de: (most) => `Es ist Platz für ${most} Indikatoren.`,
  },

  // Chart types and comparison
  chartType: { en: 'Chart type', de: 'Darstellung' },
  chartTypes: {
    en: {
      candles: 'Candles',
      hollow: 'Hollow candles',
      bars: 'Bars',
      heikin: 'Heikin-Ashi',
      line: 'Line',
      area: 'Area',
      baseline: 'Baseline',
    },
    de: {
      candles: 'Kerzen',
      hollow: 'Hohle Kerzen',
      bars: 'Balken',
      heikin: 'Heikin-Ashi',
      line: 'Linie',
      area: 'Fläche',
      baseline: 'Grundlinie',
    },
  },
  heikinMeans: {
    en: 'Heikin-Ashi bars are computed: the legend, the price tag and the scale show real prices.',
    de: 'Heikin-Ashi-Kerzen sind errechnet: Legende, Preisschild und Achse zeigen echte Preise.',
  },
  inverted: { en: 'Inverted scale', de: 'Umgekehrte Achse' },
  marks: { en: 'High and low marks', de: 'Hoch und Tief markieren' },
  dayLines: { en: 'Lines of the previous day', de: 'Linien des Vortags' },
  dayHigh: { en: 'Previous day’s high', de: 'Hoch des Vortags' },
  dayLow: { en: 'Previous day’s low', de: 'Tief des Vortags' },
  dayClose: { en: 'Previous day’s close', de: 'Schluss des Vortags' },
  withGap: { en: '(with a gap)', de: '(mit einer Lücke)' },
  compare: { en: 'Compare', de: 'Vergleichen' },
  compareHint: { en: 'Symbol to compare', de: 'Symbol zum Vergleich' },
  addCompared: { en: 'Add', de: 'Hinzufügen' },
  tooManyCompared: {
    en: (most: number) => `At most ${most} symbols can be compared.`,
    de: (most) => `Höchstens ${most} Symbole lassen sich vergleichen.`,
  },
  sinceLeft: { en: 'since the first bar in view', de: 'seit der ersten sichtbaren Kerze' },

  // Drawings
  draw: { en: 'Draw', de: 'Zeichnen' },
  drawings: {
    en: {
      trend: 'Trend line',
      ray: 'Ray',
      horizontal: 'Horizontal line',
      vertical: 'Vertical line',
      rectangle: 'Rectangle',
      fibonacci: 'Fibonacci levels',
      text: 'Text',
      measure: 'Measure',
    },
    de: {
      trend: 'Trendlinie',
      ray: 'Strahl',
      horizontal: 'Waagrechte',
      vertical: 'Senkrechte',
      rectangle: 'Rechteck',
      fibonacci: 'Fibonacci-Stufen',
      text: 'Text',
      measure: 'Messen',
    },
  },
  newText: { en: 'Note', de: 'Notiz' },
  magnet: { en: 'Magnet', de: 'Magnet' },
  hideDrawings: { en: 'Hide all drawings', de: 'Alle Zeichnungen ausblenden' },
  deleteDrawings: { en: 'Delete all drawings', de: 'Alle Zeichnungen löschen' },
  deleteDrawing: { en: 'Delete', de: 'Löschen' },
  redo: { en: 'Redo', de: 'Wiederholen' },
  done: { en: 'Done', de: 'Fertig' },
  words: { en: 'Words', de: 'Worte' },
  press: {
    en: (name: string) => `${name}: press on the chart. Escape puts it away.`,
    de: (name) => `${name}: auf den Chart drücken. Escape legt es weg.`,
  },
  drawn: {
    en: (name: string, from: string, price: string) => `${name} at ${from}, ${price}`,
    de: (name, from, price) => `${name} bei ${from}, ${price}`,
  },
  drawingHints: {
    en: 'Arrows move it, Space the next point, Del deletes, Esc leaves.',
    de: 'Pfeile verschieben, Leertaste der nächste Punkt, Entf löscht, Esc beendet.',
  },
  drawingsRemoved: {
    en: (count: number) => `${count} drawings deleted.`,
    de: (count) => `${count} Zeichnungen gelöscht.`,
  },
  tooManyDrawings: {
    en: (most: number) => `There is room for ${most} drawings of a symbol.`,
    de: (most) => `Es ist Platz für ${most} Zeichnungen eines Symbols.`,
  },

  // Go to date
  goToDate: { en: 'Go to date', de: 'Zu einem Datum' },
  dateIn: { en: (zone: string) => `Date and time (${zone})`, de: (zone) => `Datum und Zeit (${zone})` },
  go: { en: 'Go', de: 'Los' },
  noDate: { en: 'This is not a date.', de: 'Das ist kein Datum.' },
  futureDate: {
    en: (now: string) => `That is in the future: it is ${now}.`,
    de: (now) => `Das liegt in der Zukunft: Es ist ${now}.`,
  },
  nothingThen: {
    en: (moment: string) => `The server has no bars of ${moment}.`,
    de: (moment) => `Der Server hat keine Kerzen von ${moment}.`,
  },
  daysAgo: {
    en: (days: number) => (days === 1 ? '1 day ago' : `${days} days ago`),
    de: (days) => (days === 1 ? 'vor einem Tag' : `vor ${days} Tagen`),
  },

  // Layout as a file
  saveLayout: { en: 'Save layout and drawings (file)', de: 'Layout und Zeichnungen speichern (Datei)' },
  loadLayout: { en: 'Load layout and drawings (file)', de: 'Layout und Zeichnungen laden (Datei)' },
  layoutLoaded: { en: 'The layout of the file is shown.', de: 'Zu sehen ist das Layout der Datei.' },
  notALayout: {
    en: (name: string) => `${name} is not a layout of CandleStream. Nothing was changed.`,
    de: (name) => `${name} ist kein Layout von CandleStream. Nichts wurde geändert.`,
  },

  // Keys
  keysOff: {
    en: 'Single-key shortcuts are off; turn them on under “More”.',
    de: 'Einzelne Tasten sind ausgeschaltet; „Mehr“ schaltet sie ein.',
  },
  keys: {
    en: [
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
      ['G', 'go to date'],
      ['Alt T H V R F', 'draw'],
      ['Ctrl Z', 'undo a drawing'],
      ['?', 'this help'],
    ] as readonly (readonly [string, string])[],
    de: [
      ['1 – 9', 'Zeiteinheit'],
      ['15 ⏎', 'Zeiteinheit in Minuten'],
      ['/ A – Z', 'Symbol suchen'],
      ['+ −', 'vergrößern'],
      ['← →', 'verschieben'],
      ['Ende', 'zur Gegenwart'],
      ['R', 'Ansicht zurücksetzen'],
      ['L', 'logarithmisch'],
      ['P', 'Prozent'],
      ['T', 'UTC oder Ortszeit'],
      ['D', 'dunkel oder hell'],
      ['C', 'Farbenblinden-Palette'],
      ['W', 'Merkliste'],
      ['G', 'zu einem Datum'],
      ['Alt T H V R F', 'zeichnen'],
      ['Strg Z', 'Zeichnung zurücknehmen'],
      ['?', 'diese Hilfe'],
    ],
  },

  // Search
  searchName: { en: 'Find a symbol', de: 'Symbol suchen' },
  searchSymbols: { en: 'Search symbols', de: 'Symbole durchsuchen' },
  searchHint: { en: 'Search symbols…', de: 'Symbole durchsuchen…' },
  symbols: { en: 'Symbols', de: 'Symbole' },
  star: { en: (name: string) => `Watch ${name}`, de: (name) => `${name} merken` },
  noList: { en: 'The list of symbols has not arrived yet.', de: 'Die Liste der Symbole ist noch nicht da.' },
  noMatch: {
    en: (typed: string) => `No symbol matches “${typed}”.`,
    de: (typed) => `Kein Symbol passt zu „${typed}“.`,
  },

  // Sign-in
  needsKey: { en: 'This server needs a key', de: 'Dieser Server verlangt einen Schlüssel' },
  keyStays: {
    en: 'The browser does not store the key: the server gives a session in exchange for it.',
    de: 'Er bleibt in keiner Datei dieses Browsers und in keiner Adresse: Der Server gibt dafür eine Sitzung.',
  },
  apiKey: { en: 'API key', de: 'API-Schlüssel' },
  signIn: { en: 'Sign in', de: 'Anmelden' },
  asking: { en: 'Asking…', de: 'Wird gefragt…' },
})
