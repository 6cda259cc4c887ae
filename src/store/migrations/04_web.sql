-- The HTTP side. Times are milliseconds since 1970, UTC.

CREATE TABLE api_keys (
    key_id     INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL,
    -- SHA-256 of the key; the key itself is kept by its holder alone.
    hash       BLOB NOT NULL UNIQUE,
    requests_per_minute INTEGER NOT NULL,
    people     INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    revoked_ms INTEGER
) STRICT;

-- Files by names that cannot be guessed, or by the track they are of; gone with the file.
CREATE TABLE web_files (
    name       TEXT PRIMARY KEY,
    path       TEXT NOT NULL REFERENCES files (path) ON DELETE CASCADE,
    -- What is known of it, as JSON.
    facts      TEXT NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX web_files_by_path ON web_files (path);
CREATE INDEX web_files_by_age ON web_files (created_ms);
