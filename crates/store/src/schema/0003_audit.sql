CREATE TABLE lockgate_audit (
  id BIGINT PRIMARY KEY,
  changed_at BIGINT NOT NULL,
  changed_by TEXT,
  key_hash TEXT NOT NULL,
  action TEXT NOT NULL,
  kind TEXT NOT NULL,
  object_id TEXT NOT NULL,
  value_before TEXT,
  value_after TEXT
);
CREATE INDEX lockgate_audit_object ON lockgate_audit (object_id, id);
CREATE INDEX lockgate_audit_changed ON lockgate_audit (changed_at);
