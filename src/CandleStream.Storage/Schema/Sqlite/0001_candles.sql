-- What the file is and where its candles come from: product, source, symbols.
CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE series (
    id             INTEGER PRIMARY KEY,
    symbol         TEXT NOT NULL,
    timeframe      TEXT NOT NULL,
    complete_from  INTEGER NOT NULL DEFAULT 0,  -- µs; 0: no promise was ever made
    followed_until INTEGER NOT NULL DEFAULT 0,  -- µs
    UNIQUE (symbol, timeframe)
) STRICT;

-- Closed candles. Prices are TEXT because they must stay exact; without a rowid the rows of a series lie side by side in order of time.
CREATE TABLE candle (
    series_id INTEGER NOT NULL,
    time      INTEGER NOT NULL,  -- open time, Unix ms
    open      TEXT NOT NULL,
    high      TEXT NOT NULL,
    low       TEXT NOT NULL,
    close     TEXT NOT NULL,
    volume    TEXT NOT NULL,
    rev       INTEGER NOT NULL,  -- µs
    PRIMARY KEY (series_id, time)
) STRICT, WITHOUT ROWID;

-- Serves resume, since= and the seam; it holds time too, as the end of the primary key.
CREATE INDEX candle_by_rev ON candle (series_id, rev);

-- Verified ranges [from_ms, to_ms): disjoint and not touching, within a series.
CREATE TABLE coverage (
    series_id INTEGER NOT NULL,
    from_ms   INTEGER NOT NULL,
    to_ms     INTEGER NOT NULL,
    PRIMARY KEY (series_id, from_ms)
) STRICT, WITHOUT ROWID;
