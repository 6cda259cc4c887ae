-- The tables of the original MusicCircles services, in their own words.
CREATE TABLE users (
    user_id  INTEGER PRIMARY KEY,
    username TEXT
) STRICT;

CREATE TABLE interaction_types (
    type_id          INTEGER PRIMARY KEY,
    interaction_type TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO interaction_types (type_id, interaction_type) VALUES (1, 'Поиск песни'), (2, 'Создание видео');

CREATE TABLE interactions (
    -- Never given twice: pages continue after a number.
    interaction_id      INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id             INTEGER NOT NULL REFERENCES users (user_id),
    interaction_type_id INTEGER NOT NULL REFERENCES interaction_types (type_id),
    -- Milliseconds since 1970, UTC.
    interaction_date    INTEGER NOT NULL
) STRICT;
-- One person's list, in the order of its numbers: the number is the silent last column of every index.
CREATE INDEX interactions_by_user ON interactions (user_id);
-- Whatever is counted by day is counted in this index alone, however many years the table holds.
CREATE INDEX interactions_by_date ON interactions (interaction_date, interaction_type_id, user_id);
