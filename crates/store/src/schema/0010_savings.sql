ALTER TABLE lockgate_daily ADD COLUMN cache_savings_nanousd BIGINT NOT NULL DEFAULT 0;
ALTER TABLE lockgate_daily ADD COLUMN local_savings_nanousd BIGINT NOT NULL DEFAULT 0;
ALTER TABLE lockgate_rollup ADD COLUMN cache_savings_nanousd BIGINT NOT NULL DEFAULT 0;
ALTER TABLE lockgate_rollup ADD COLUMN local_savings_nanousd BIGINT NOT NULL DEFAULT 0;
