CREATE TABLE lockgate_ledger (
  attempt_id TEXT PRIMARY KEY,
  call_id TEXT NOT NULL,
  session_id TEXT,
  status TEXT NOT NULL,
  started_at BIGINT NOT NULL,
  booked_at BIGINT NOT NULL,
  key_hash TEXT NOT NULL,
  user_id TEXT,
  team_id TEXT,
  organization_id TEXT,
  customer_id TEXT,
  model_group TEXT NOT NULL,
  model TEXT NOT NULL,
  cost_nanousd BIGINT,
  body TEXT NOT NULL
);
CREATE INDEX lockgate_ledger_started ON lockgate_ledger (started_at);
CREATE INDEX lockgate_ledger_call ON lockgate_ledger (call_id) WHERE call_id <> attempt_id;
CREATE INDEX lockgate_ledger_key ON lockgate_ledger (key_hash, started_at);
CREATE INDEX lockgate_ledger_session ON lockgate_ledger (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX lockgate_ledger_user ON lockgate_ledger (user_id, started_at) WHERE user_id IS NOT NULL;
CREATE INDEX lockgate_ledger_team ON lockgate_ledger (team_id, started_at) WHERE team_id IS NOT NULL;
CREATE INDEX lockgate_ledger_customer ON lockgate_ledger (customer_id, started_at)
  WHERE customer_id IS NOT NULL;
CREATE TABLE lockgate_spend (
  subject TEXT NOT NULL,
  period TEXT NOT NULL,
  spend_nanousd BIGINT NOT NULL,
  tick BIGINT NOT NULL,
  ends_at BIGINT,
  PRIMARY KEY (subject, period)
);
CREATE INDEX lockgate_spend_tick ON lockgate_spend (tick, subject, period);
CREATE INDEX lockgate_spend_ends ON lockgate_spend (ends_at) WHERE ends_at IS NOT NULL;
CREATE TABLE lockgate_daily (
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  day TEXT NOT NULL,
  key_hash TEXT NOT NULL,
  model_group TEXT NOT NULL,
  model TEXT NOT NULL,
  provider TEXT NOT NULL,
  call_type TEXT NOT NULL,
  spend_nanousd BIGINT NOT NULL,
  unpriced BIGINT NOT NULL,
  requests BIGINT NOT NULL,
  successes BIGINT NOT NULL,
  failures BIGINT NOT NULL,
  cache_hits BIGINT NOT NULL,
  prompt_tokens BIGINT NOT NULL,
  completion_tokens BIGINT NOT NULL,
  cache_read_tokens BIGINT NOT NULL,
  cache_creation_tokens BIGINT NOT NULL,
  reasoning_tokens BIGINT NOT NULL,
  timed BIGINT NOT NULL,
  duration_ms BIGINT NOT NULL,
  first_tokens BIGINT NOT NULL,
  first_token_ms BIGINT NOT NULL,
  PRIMARY KEY (kind, id, day, key_hash, model_group, model, provider, call_type)
);
CREATE INDEX lockgate_daily_day ON lockgate_daily (kind, day);
CREATE INDEX lockgate_daily_key ON lockgate_daily (key_hash, day) WHERE kind = 'gateway';
