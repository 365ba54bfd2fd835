CREATE TABLE lockgate_assets (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  owner TEXT NOT NULL,
  deployment_id TEXT NOT NULL,
  upstream_id TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  state TEXT NOT NULL,
  shown TEXT NOT NULL,
  payer TEXT NOT NULL
);
CREATE UNIQUE INDEX lockgate_assets_upstream ON lockgate_assets (deployment_id, kind, upstream_id);
CREATE INDEX lockgate_assets_owner ON lockgate_assets (owner, kind, created_at);
CREATE INDEX lockgate_assets_state ON lockgate_assets (state, created_at);
