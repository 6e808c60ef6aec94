-- The order in which followers read messages: the transaction that wrote one, and its position. Null for
-- other records.
ALTER TABLE records ADD COLUMN xid xid8;

CREATE INDEX records_messages ON records (xid, position) WHERE xid IS NOT NULL;
