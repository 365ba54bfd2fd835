CREATE TABLE lockgate_drills (
  id TEXT PRIMARY KEY,
  started_at BIGINT NOT NULL,
  kept_at BIGINT NOT NULL,
  report TEXT NOT NULL
);
CREATE INDEX lockgate_drills_started ON lockgate_drills (started_at);
