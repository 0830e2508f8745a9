-- The oldest candle or gap (Unix ms) that a stream was told since complete_from last rose; the largest number where none was.
ALTER TABLE series ADD COLUMN told_from INTEGER NOT NULL DEFAULT 9223372036854775807;
-- What older programs told is not known: their clients start anew, once.
UPDATE series SET complete_from = 0;
