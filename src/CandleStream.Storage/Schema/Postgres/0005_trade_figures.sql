-- What the exchange tells of the trades, beside prices and volume; null where it does not. No row is rewritten.
ALTER TABLE candle
    ADD COLUMN trades bigint,
    ADD COLUMN quote_volume numeric,
    ADD COLUMN taker_buy_volume numeric,
    ADD COLUMN taker_buy_quote_volume numeric;
