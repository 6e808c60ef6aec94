-- The servers that write audit log files.
CREATE TABLE log_servers (
    -- Is in the server's log directory.
    id uuid PRIMARY KEY,
    name text NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now()
);

-- The servers that must remove an account's logs. The rows of an account are removed with it, when all
-- servers have confirmed.
CREATE TABLE log_removals (
    user_id text COLLATE "C" NOT NULL,
    server_id uuid NOT NULL REFERENCES log_servers ON DELETE CASCADE,
    is_done boolean NOT NULL DEFAULT false,
    PRIMARY KEY (user_id, server_id)
);

CREATE INDEX log_removals_server ON log_removals (server_id) WHERE NOT is_done;
