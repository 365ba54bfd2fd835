CREATE TABLE lockgate_responses (
  id TEXT NOT NULL,
  owner TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  alive_at BIGINT NOT NULL,
  status TEXT NOT NULL,
  input TEXT NOT NULL,
  response TEXT NOT NULL,
  PRIMARY KEY (id, owner)
);
CREATE INDEX lockgate_responses_created ON lockgate_responses (created_at)
