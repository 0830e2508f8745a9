-- What the exchange tells of the trades, beside prices and volume; null where it does not. No row is rewritten.
ALTER TABLE candle ADD COLUMN trades INTEGER;
ALTER TABLE candle ADD COLUMN quote_volume TEXT;
ALTER TABLE candle ADD COLUMN taker_buy_volume TEXT;
ALTER TABLE candle ADD COLUMN taker_buy_quote_volume TEXT;
