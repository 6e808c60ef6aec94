-- The requests of devices that no parent has confirmed yet. They end after ten minutes, so they need not survive a crash of the
-- database, and no backup contains them.
CREATE UNLOGGED TABLE device_requests (
    user_code_sha256 text COLLATE "C" PRIMARY KEY,
    device_code_sha256 text COLLATE "C" NOT NULL UNIQUE,
    device_name text NOT NULL,
    -- The client that made the request, by which requests are limited.
    network text COLLATE "C" NOT NULL,
    -- In microseconds after 1970.
    expires_at bigint NOT NULL,
    -- The hash of the account and the child for which a parent has confirmed it.
    claimant text COLLATE "C"
);
