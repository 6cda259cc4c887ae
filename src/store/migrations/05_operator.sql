-- Those who run the service. Times are milliseconds since 1970, UTC.

-- What operators did, for good: nothing in the program changes or removes a row, and the database refuses to.
CREATE TABLE audit (
    audit_id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms    INTEGER NOT NULL,
    -- `admin token`, `viewer token` or `owner 42`, and from where.
    who      TEXT NOT NULL,
    address  TEXT NOT NULL,
    action   TEXT NOT NULL,
    -- What it was done to.
    about    TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit is only added to');
END;
-- To replace a row removes it, and no trigger hears of that.
CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE audit_id = NEW.audit_id) BEGIN
    SELECT RAISE(ABORT, 'the audit is only added to');
END;
CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit is only added to');
END;

-- One-time codes, at most one of an owner. SHA-256 of the code; the code itself is in the owner's chat alone.
CREATE TABLE sign_in_codes (
    owner_id   INTEGER PRIMARY KEY,
    hash       BLOB NOT NULL UNIQUE,
    expires_ms INTEGER NOT NULL
) STRICT;

-- Whose orders are not taken.
CREATE TABLE blocked (
    user_id  INTEGER PRIMARY KEY,
    since_ms INTEGER NOT NULL,
    why      TEXT NOT NULL
) STRICT;
