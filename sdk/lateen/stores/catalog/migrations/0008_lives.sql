-- The databases in which this catalog has lived, each from when it was first opened there: after a
-- restore the ids of transactions begin anew, and snapshots tell nothing of events before that.
CREATE TABLE database_lives (
    identity text PRIMARY KEY,
    since    timestamptz NOT NULL DEFAULT clock_timestamp()
);

INSERT INTO database_lives (identity, since)
    SELECT identity, since FROM collected_database ON CONFLICT DO NOTHING;
