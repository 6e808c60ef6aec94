-- The accounts that were deleted: a restored backup must not bring them back. The key of the hashes is in
-- `meta`.
CREATE TABLE erasures (
    -- HMAC-SHA-256 of the account's id, in hexadecimal digits.
    account text COLLATE "C" PRIMARY KEY,
    -- When its deletion started, in microseconds after 1970.
    erased_at bigint NOT NULL
);
