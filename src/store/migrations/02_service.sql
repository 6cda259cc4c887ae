-- The bot, the queue, the deliveries and the files. Times are milliseconds since 1970, UTC.

CREATE TABLE preferences (
    user_id INTEGER NOT NULL,
    name    TEXT NOT NULL,
    value   TEXT NOT NULL,
    PRIMARY KEY (user_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE dialogues (
    bot_id     INTEGER NOT NULL,
    chat_id    INTEGER NOT NULL,
    user_id    INTEGER NOT NULL,
    -- Which form of the state this is; whoever reads it knows what to make of an older one.
    version    INTEGER NOT NULL,
    state      TEXT NOT NULL,
    updated_ms INTEGER NOT NULL,
    PRIMARY KEY (bot_id, chat_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX dialogues_by_user ON dialogues (user_id);
CREATE INDEX dialogues_by_age ON dialogues (updated_ms);

-- Telegram's updates. A row outlives its work: it is how the same update again is known.
CREATE TABLE inbox (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    bot_id       INTEGER NOT NULL,
    update_id    INTEGER NOT NULL,
    user_id      INTEGER,
    -- NULL once processed: nobody's words are kept longer than needed.
    payload      TEXT,
    received_ms  INTEGER NOT NULL,
    UNIQUE (bot_id, update_id)
) STRICT;
CREATE INDEX inbox_waiting ON inbox (bot_id, seq) WHERE payload IS NOT NULL;
CREATE INDEX inbox_by_age ON inbox (received_ms);
CREATE INDEX inbox_by_user ON inbox (user_id) WHERE user_id IS NOT NULL;

CREATE TABLE jobs (
    -- Never given twice: a worker that was left behind must not finish another's job.
    job_id       INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id      INTEGER NOT NULL,
    -- Where the circle is sent; NULL when it is only fetched.
    bot_id       INTEGER,
    chat_id      INTEGER,
    -- Whatever the asker wants to find again beside the job.
    context      TEXT NOT NULL,
    dedupe_key   TEXT,
    -- What asked for it, once and for all: the same again, however much later, is this job.
    origin       TEXT UNIQUE,
    fingerprint  TEXT,
    spec         TEXT NOT NULL,
    length_ms    INTEGER NOT NULL,
    state        TEXT NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0,
    deaths       INTEGER NOT NULL DEFAULT 0,
    interruptions INTEGER NOT NULL DEFAULT 0,
    -- The fence: each claim raises it, and whoever holds an older one may change nothing.
    epoch        INTEGER NOT NULL DEFAULT 0,
    worker       TEXT,
    boot_id      TEXT,
    lease_ms     INTEGER,
    not_before_ms INTEGER NOT NULL,
    cancel_asked INTEGER NOT NULL DEFAULT 0,
    -- Whoever waits in the chat was told how it ended.
    told         INTEGER NOT NULL DEFAULT 0,
    content_key  TEXT,
    failure_kind TEXT,
    failure_words TEXT,
    created_ms   INTEGER NOT NULL,
    changed_ms   INTEGER NOT NULL,
    active       INTEGER GENERATED ALWAYS AS (state IN ('queued', 'rendering', 'rendered', 'sending')) VIRTUAL
) STRICT;
CREATE UNIQUE INDEX jobs_by_key ON jobs (dedupe_key) WHERE active = 1 AND dedupe_key IS NOT NULL;
-- A job that ended frees its key for the next; should it come back, it has none.
CREATE TRIGGER jobs_free_key AFTER UPDATE OF state ON jobs WHEN NEW.active = 0 AND NEW.dedupe_key IS NOT NULL
BEGIN
    UPDATE jobs SET dedupe_key = NULL WHERE job_id = NEW.job_id;
END;
CREATE INDEX jobs_waiting ON jobs (state, user_id, not_before_ms) WHERE active = 1;
CREATE INDEX jobs_untold ON jobs (bot_id, changed_ms) WHERE active = 0 AND told = 0;
CREATE INDEX jobs_by_age ON jobs (changed_ms);
CREATE INDEX jobs_by_user ON jobs (user_id, job_id);

-- Who was served or came into the line when, counted in claims: the turn goes to whoever waited longest for theirs.
CREATE TABLE turns (
    user_id INTEGER PRIMARY KEY,
    served  INTEGER NOT NULL
) STRICT;
CREATE INDEX turns_by_age ON turns (served);

-- What was measured and must outlive a restart.
CREATE TABLE measures (
    name  TEXT PRIMARY KEY,
    value REAL NOT NULL
) STRICT, WITHOUT ROWID;

-- Every file below the data folder.
CREATE TABLE files (
    path    TEXT PRIMARY KEY,
    bytes   INTEGER NOT NULL,
    -- 0 while it is written, by the program that runs under this boot id.
    kept    INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    used_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX files_by_use ON files (used_ms) WHERE kept = 1;
-- Who still needs a file: 'job:7', 'dialogue:1:2:3'. A file with a holder is not evicted, unless all are conversations that rest.
-- Whoever goes on with one is asked for the song again.
CREATE TABLE file_holders (
    path   TEXT NOT NULL REFERENCES files (path),
    holder TEXT NOT NULL,
    PRIMARY KEY (path, holder)
) STRICT, WITHOUT ROWID;
CREATE INDEX file_holders_by_holder ON file_holders (holder);
-- Whose wish to be forgotten takes a file along, unless others asked for the same.
CREATE TABLE file_owners (
    path    TEXT NOT NULL REFERENCES files (path) ON DELETE CASCADE,
    user_id INTEGER NOT NULL,
    PRIMARY KEY (path, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX file_owners_by_user ON file_owners (user_id);

CREATE TABLE circles (
    content_key TEXT PRIMARY KEY,
    -- NULL once the file is evicted; Telegram may still know the circle.
    path        TEXT REFERENCES files (path) ON DELETE SET NULL,
    thumbnail   TEXT REFERENCES files (path) ON DELETE SET NULL,
    -- What the maker tells of it, as JSON.
    facts       TEXT NOT NULL,
    used_ms     INTEGER NOT NULL
) STRICT;
CREATE INDEX circles_by_path ON circles (path);
CREATE INDEX circles_by_thumbnail ON circles (thumbnail);
CREATE INDEX circles_by_use ON circles (used_ms);
-- Cheap names of requests whose content key is known.
CREATE TABLE circle_names (
    fingerprint TEXT PRIMARY KEY,
    content_key TEXT NOT NULL REFERENCES circles (content_key) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX circle_names_by_key ON circle_names (content_key);
CREATE TABLE circle_file_ids (
    content_key    TEXT NOT NULL REFERENCES circles (content_key) ON DELETE CASCADE,
    bot_id         INTEGER NOT NULL,
    -- A circle and the same clip as a square video are two files to Telegram.
    as_video       INTEGER NOT NULL,
    file_id        TEXT NOT NULL,
    file_unique_id TEXT NOT NULL,
    PRIMARY KEY (content_key, bot_id, as_video)
) STRICT, WITHOUT ROWID;
CREATE TABLE circle_owners (
    content_key TEXT NOT NULL REFERENCES circles (content_key) ON DELETE CASCADE,
    user_id     INTEGER NOT NULL,
    PRIMARY KEY (content_key, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX circle_owners_by_user ON circle_owners (user_id);

CREATE TABLE deliveries (
    job_id       INTEGER PRIMARY KEY REFERENCES jobs (job_id) ON DELETE CASCADE,
    bot_id       INTEGER NOT NULL,
    chat_id      INTEGER NOT NULL,
    -- 8 random bytes in the buttons below the circle, by which it is known again.
    marker       BLOB NOT NULL UNIQUE,
    -- The state machine, as JSON, and what of it is searched for.
    machine      TEXT NOT NULL,
    phase        TEXT NOT NULL,
    wake_ms      INTEGER,
    -- The highest message number known when the intent was written.
    lo_msg_id    INTEGER,
    message_id   INTEGER,
    created_ms   INTEGER NOT NULL
) STRICT;
-- At most one message of ours in a chat is ever in doubt.
CREATE UNIQUE INDEX deliveries_open ON deliveries (bot_id, chat_id) WHERE phase IN ('sending', 'reconciling');
CREATE INDEX deliveries_due ON deliveries (phase, wake_ms) WHERE phase IN ('ready', 'sending', 'reconciling');
CREATE INDEX deliveries_by_chat ON deliveries (chat_id);

-- Numbers of messages that are not in doubt. A mailbox is what counts messages: the bot's own account or one supergroup.
CREATE TABLE known_msgs (
    bot_id     INTEGER NOT NULL,
    mailbox    INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    date_ms    INTEGER NOT NULL,
    seen_ms    INTEGER NOT NULL,
    PRIMARY KEY (bot_id, mailbox, message_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX known_msgs_by_age ON known_msgs (seen_ms);

-- The sends of the last minute, and until when Telegram asked us to be quiet, as JSON: a restart does not forget the limits.
CREATE TABLE send_rates (
    bot_id INTEGER PRIMARY KEY,
    saved  TEXT NOT NULL
) STRICT;

-- Groups that became supergroups, which have numbers of their own.
CREATE TABLE moved_chats (
    bot_id  INTEGER NOT NULL,
    from_id INTEGER NOT NULL,
    to_id   INTEGER NOT NULL,
    PRIMARY KEY (bot_id, from_id)
) STRICT, WITHOUT ROWID;
