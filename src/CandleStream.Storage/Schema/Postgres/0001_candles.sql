-- What the database is and where its candles come from: product, source, symbols.
CREATE TABLE meta (
    name  text PRIMARY KEY,
    value text NOT NULL
);

CREATE TABLE series (
    id             integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    symbol         text COLLATE "C" NOT NULL,
    timeframe      text COLLATE "C" NOT NULL,
    complete_from  bigint NOT NULL DEFAULT 0,  -- µs; 0: no promise was ever made
    followed_until bigint NOT NULL DEFAULT 0,  -- µs
    UNIQUE (symbol, timeframe)
);

-- Closed candles. Wide columns first, so that no byte is lost to alignment.
CREATE TABLE candle (
    time      bigint  NOT NULL,  -- open time, Unix ms
    rev       bigint  NOT NULL,  -- µs
    series_id integer NOT NULL,
    open      numeric NOT NULL,
    high      numeric NOT NULL,
    low       numeric NOT NULL,
    close     numeric NOT NULL,
    volume    numeric NOT NULL,
    PRIMARY KEY (series_id, time)
) PARTITION BY HASH (series_id);

-- By series, so that a page holds few series and reading one of them touches few pages: live batches write all series in turn (docs/storage.md).
DO $$
BEGIN
    FOR remainder IN 0..31 LOOP
        EXECUTE format('CREATE TABLE candle_%s PARTITION OF candle FOR VALUES WITH (MODULUS 32, REMAINDER %s)', to_char(remainder, 'FM00'), remainder);
    END LOOP;
END $$;

-- Serves resume, since= and the seam.
CREATE INDEX candle_by_rev ON candle (series_id, rev);

-- Verified ranges [from_ms, to_ms): disjoint and not touching, within a series.
CREATE TABLE coverage (
    series_id integer NOT NULL,
    from_ms   bigint  NOT NULL,
    to_ms     bigint  NOT NULL,
    PRIMARY KEY (series_id, from_ms)
);
