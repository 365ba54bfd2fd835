CREATE TABLE lockgate_rollup (
  kind TEXT NOT NULL,
  told TEXT NOT NULL,
  span TEXT NOT NULL,
  name TEXT NOT NULL,
  period TEXT NOT NULL,
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
  PRIMARY KEY (kind, told, span, name, period)
);
CREATE INDEX lockgate_rollup_period ON lockgate_rollup (kind, told, span, period);
CREATE TABLE lockgate_closed (
  span TEXT NOT NULL,
  period TEXT NOT NULL,
  PRIMARY KEY (span, period)
);
