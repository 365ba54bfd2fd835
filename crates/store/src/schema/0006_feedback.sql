CREATE TABLE lockgate_feedback (
  call_id TEXT PRIMARY KEY,
  arm TEXT NOT NULL,
  day TEXT NOT NULL,
  score_thousandths BIGINT NOT NULL,
  given_at BIGINT NOT NULL
);
CREATE INDEX lockgate_feedback_arm ON lockgate_feedback (arm, day);
