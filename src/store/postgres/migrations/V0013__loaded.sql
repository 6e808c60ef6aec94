-- The records that each request of a family loads: the others can be thousands.
CREATE INDEX records_loaded ON records (family_id)
    WHERE kind NOT IN ('administration', 'awards', 'messages', 'schedule_marks', 'webhook_deliveries');
