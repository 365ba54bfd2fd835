ALTER TABLE lockgate_ledger ADD COLUMN is_attempt BIGINT NOT NULL DEFAULT 1;
ALTER TABLE lockgate_ledger ADD COLUMN is_call BIGINT NOT NULL DEFAULT 1;
ALTER TABLE lockgate_ledger ADD COLUMN duration_ms BIGINT;
ALTER TABLE lockgate_ledger ADD COLUMN code BIGINT;
ALTER TABLE lockgate_ledger ADD COLUMN fault TEXT;
ALTER TABLE lockgate_ledger ADD COLUMN tags TEXT;
CREATE INDEX lockgate_ledger_booked ON lockgate_ledger (booked_at);
CREATE INDEX lockgate_ledger_group ON lockgate_ledger (model_group, started_at);
CREATE INDEX lockgate_ledger_organization ON lockgate_ledger (organization_id, started_at)
  WHERE organization_id IS NOT NULL;
CREATE INDEX lockgate_ledger_failed ON lockgate_ledger (started_at, status) WHERE status <> 'success';
