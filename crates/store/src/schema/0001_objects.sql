CREATE TABLE lockgate_clock (
  name TEXT PRIMARY KEY,
  tick BIGINT NOT NULL
);
CREATE TABLE lockgate_object (
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL,
  deleted BIGINT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (kind, id)
);
CREATE UNIQUE INDEX lockgate_object_version ON lockgate_object (version);
