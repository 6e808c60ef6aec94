-- The sessions that have ended lately: each server ends their event streams. Rows are removed after
-- an hour.
CREATE TABLE ended_sessions (
    -- The transaction that ended it.
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    token_sha256 text COLLATE "C" NOT NULL,
    ended_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX ended_sessions_xid ON ended_sessions (xid);

-- How many login attempts and sign-ups are allowed, for all servers together. A row is selected by the
-- hash of an account or an address, so that there are at most a million of them, and none tells which
-- one it was. It need not survive a crash of the database.
CREATE UNLOGGED TABLE allowances (
    id integer PRIMARY KEY,
    -- When the whole allowance is available again, in microseconds after 1970.
    full_at bigint NOT NULL
) WITH (fillfactor = 50);

-- The hashes of the allowances have this seed.
INSERT INTO meta (name, value) VALUES ('allowances_seed', gen_random_uuid()::text);

-- Takes one attempt from each allowance, or none if one of them is used up: then it returns the place
-- of the one with the longest wait, and that wait in microseconds. An attempt adds its interval to
-- `full_at`, which can be at most one window ahead (the generic cell rate algorithm).
CREATE FUNCTION take_allowances(
    ids integer[], intervals bigint[], windows bigint[], OUT place integer, OUT wait bigint
) LANGUAGE plpgsql AS $$
DECLARE
    moment bigint;
BEGIN
    -- Creates and locks the rows, in one order.
    INSERT INTO allowances AS a (id, full_at)
    SELECT DISTINCT w.id, 0 FROM unnest(ids) AS w (id) ORDER BY w.id
    ON CONFLICT ON CONSTRAINT allowances_pkey DO UPDATE SET full_at = a.full_at;
    moment := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
    -- After the clock was set back.
    UPDATE allowances a SET full_at = moment + w.span
    FROM unnest(ids, windows) AS w (id, span)
    WHERE a.id = w.id AND a.full_at > moment + w.span;
    SELECT w.place, greatest(a.full_at - moment, 0) + w.step - w.span
    INTO take_allowances.place, take_allowances.wait
    FROM unnest(ids, intervals, windows) WITH ORDINALITY AS w (id, step, span, place)
    JOIN allowances a ON a.id = w.id
    WHERE greatest(a.full_at - moment, 0) + w.step > w.span
    ORDER BY 2 DESC
    LIMIT 1;
    IF NOT FOUND THEN
        UPDATE allowances a SET full_at = greatest(a.full_at, moment) + w.step
        FROM unnest(ids, intervals) AS w (id, step)
        WHERE a.id = w.id;
    END IF;
END
$$;
