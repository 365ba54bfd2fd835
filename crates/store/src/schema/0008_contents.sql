CREATE TABLE lockgate_contents (
  attempt_id TEXT PRIMARY KEY,
  received_at BIGINT NOT NULL,
  request TEXT NOT NULL,
  answer TEXT,
  cut BIGINT NOT NULL
);
CREATE INDEX lockgate_contents_received ON lockgate_contents (received_at);
