CREATE TABLE lockgate_daily_faults (
  day TEXT NOT NULL,
  model_group TEXT NOT NULL,
  api_base TEXT NOT NULL,
  status BIGINT NOT NULL,
  faults BIGINT NOT NULL,
  PRIMARY KEY (model_group, status, day, api_base)
);
