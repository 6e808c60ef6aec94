-- The id of the event that an event reverses. No two servers can reverse one event twice.
ALTER TABLE events ADD COLUMN reverses text COLLATE "C";
CREATE UNIQUE INDEX events_reverses ON events (family_id, reverses) WHERE reverses IS NOT NULL;
