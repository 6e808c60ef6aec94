-- The family of the administration log. It has no account, and no server loads it.
INSERT INTO families (id, version) VALUES (9223372036854775807, 1);
