ALTER TABLE lockgate_assets ADD COLUMN held BIGINT;
