-- Where the values came from: 0 push, 1 REST, 2 file; 3: stored before this was kept. No row is rewritten.
ALTER TABLE candle ADD COLUMN origin smallint NOT NULL DEFAULT 3;
