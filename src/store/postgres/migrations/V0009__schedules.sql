-- When the scheduled tasks of the family must be processed next, in microseconds after 1970; null if no task is
-- scheduled, or if the account is marked for deletion.
ALTER TABLE accounts ADD COLUMN schedule_at bigint;
CREATE INDEX accounts_schedules ON accounts (schedule_at) WHERE schedule_at IS NOT NULL;
