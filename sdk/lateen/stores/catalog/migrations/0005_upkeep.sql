-- Deletion, and the collection of bytes that nothing refers to any more.

-- A generation is never given twice, so that a late deletion of an old one cannot hit a new one.
CREATE SEQUENCE blob_generations AS bigint;
SELECT setval('blob_generations', coalesce(max(generation), 1), max(generation) IS NOT NULL)
  FROM blobs;
ALTER TABLE blob_leases ALTER COLUMN generation TYPE bigint;
ALTER TABLE blobs ALTER COLUMN generation TYPE bigint,
                  ALTER COLUMN generation SET DEFAULT nextval('blob_generations');
CREATE UNIQUE INDEX one_present_generation ON blobs (sha256) WHERE state = 'present';
CREATE INDEX blobs_being_deleted ON blobs (sha256, generation) WHERE state = 'deleting';
CREATE INDEX blob_leases_by_blob ON blob_leases (sha256, generation);
CREATE INDEX attempts_by_log ON attempts ((log->>'sha256')) WHERE log IS NOT NULL;

-- What deletions look for: without these each would read whole tables.
CREATE INDEX attempts_by_model ON attempts (model_version_id) WHERE model_version_id IS NOT NULL;
CREATE INDEX metadata_by_run ON metadata (by_run) WHERE by_run IS NOT NULL;
CREATE INDEX model_links_by_run ON model_links (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX model_versions_by_run ON model_versions (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX receipts_by_stage_event ON receipts (stage_event) WHERE stage_event IS NOT NULL;
CREATE INDEX run_pins_by_stage_event ON run_pins (stage_event) WHERE stage_event IS NOT NULL;
CREATE INDEX runs_by_replayed ON runs (replay_of) WHERE replay_of IS NOT NULL;
CREATE INDEX runs_by_spec ON runs (spec_digest);
CREATE INDEX stage_events_by_run ON stage_events (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX stage_events_by_version ON stage_events (model_version_id);
CREATE INDEX states_by_stage_event ON model_version_states (stage_event)
    WHERE stage_event IS NOT NULL;

-- Versions whose record stays and whose bytes may go.
CREATE TABLE discarded_versions (
    artifact_version_id uuid PRIMARY KEY REFERENCES artifact_versions ON DELETE CASCADE,
    by                  text,                        -- who, as far as is known
    at                  timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The database for which collections have been going on; another one is a copy or a backup.
CREATE TABLE collected_database (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    identity text NOT NULL,
    since    timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What a database keeps through restarts and loses when it is restored elsewhere, from a dump or to
-- a point in time. A file copied back keeps it; the object store tells then, which is ahead.
CREATE FUNCTION database_identity()
RETURNS text LANGUAGE sql STABLE AS $$
    SELECT concat_ws('/', control.system_identifier, checkpoint.timeline_id, own.oid)
      FROM pg_control_system() control, pg_control_checkpoint() checkpoint, pg_database own
     WHERE own.datname = current_database();
$$;

-- A lease on the present generation of each blob, `[[sha256, size], …]`, made where there is none;
-- a transaction of its own.
-- The row locks let either this or a collector's mark go first: what is leased here was not marked,
-- and a collector that looks afterwards sees the lease.
CREATE FUNCTION lease_blobs(p_holder text, p_blobs jsonb)
RETURNS TABLE (sha256 text, generation bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    wanted text[] := ARRAY(SELECT DISTINCT b->>0 FROM jsonb_array_elements(p_blobs) AS b ORDER BY 1);
    leased integer := 0;
BEGIN
    -- Others see it with the commit. Were it lost with the server, hold_blobs would say so.
    PERFORM set_config('synchronous_commit', 'off', true);
    WHILE leased < cardinality(wanted) LOOP
        INSERT INTO blobs (sha256, size)
            SELECT b->>0, max((b->>1)::bigint) FROM jsonb_array_elements(p_blobs) AS b
             GROUP BY 1 ORDER BY 1
            ON CONFLICT (sha256) WHERE state = 'present' DO NOTHING;
        WITH held AS (
            SELECT b.sha256, b.generation FROM blobs b
             WHERE b.sha256 = ANY(wanted) AND b.state = 'present' ORDER BY b.sha256 FOR SHARE
        )
        INSERT INTO blob_leases AS l (sha256, generation, holder, expires_at)
            SELECT held.sha256, held.generation, p_holder, clock_timestamp() + interval '1 day'
              FROM held ORDER BY held.sha256
            ON CONFLICT (sha256, generation, holder) DO UPDATE SET expires_at = excluded.expires_at;
        GET DIAGNOSTICS leased = ROW_COUNT;
    END LOOP;
    RETURN QUERY
        SELECT b.sha256, b.generation FROM blobs b
         WHERE b.sha256 = ANY(wanted) AND b.state = 'present';
END $$;

-- Keeps leased blobs until the transaction ends, in which a manifest comes to refer to them. Where a
-- lease has run out and a collector was quicker, it refuses: the bytes must be stored again.
CREATE FUNCTION hold_blobs(p_holder text, p_blobs jsonb)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    held integer;
BEGIN
    PERFORM FROM blobs b
      WHERE b.sha256 = ANY(ARRAY(SELECT jsonb_array_elements_text(p_blobs)))
        AND b.state = 'present'
        AND EXISTS (SELECT FROM blob_leases l
                     WHERE (l.sha256, l.generation, l.holder) = (b.sha256, b.generation, p_holder))
      ORDER BY b.sha256 FOR SHARE OF b;
    GET DIAGNOSTICS held = ROW_COUNT;
    IF held < (SELECT count(DISTINCT b) FROM jsonb_array_elements_text(p_blobs) AS b) THEN
        RAISE EXCEPTION '% has no lease on all of its blobs', p_holder USING ERRCODE = 'LT007';
    END IF;
END $$;

-- Blobs that no version, no log and no lease needs.
CREATE VIEW unneeded_blobs AS
SELECT b.sha256, b.generation, b.size, b.created_at
  FROM blobs b
 WHERE b.state = 'present'
   AND NOT EXISTS (
        SELECT FROM blob_leases l
         WHERE l.sha256 = b.sha256 AND l.generation = b.generation
           AND l.expires_at > clock_timestamp())
   AND NOT EXISTS (
        SELECT FROM manifest_blobs m JOIN artifact_versions v ON v.digest = m.digest
         WHERE m.sha256 = b.sha256
           AND NOT EXISTS (SELECT FROM discarded_versions d WHERE d.artifact_version_id = v.id))
   AND NOT EXISTS (
        SELECT FROM attempts a
         WHERE a.log->>'sha256' = b.sha256 AND (a.log->>'generation')::bigint = b.generation);

-- An attempt that is over leases nothing, whoever ended it. Its log is a reference like a version;
-- where its lease had run out and the bytes are gone, the log is given up, not the attempt.
CREATE FUNCTION end_leases()
RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM blob_leases WHERE holder = concat_ws('/', NEW.run_id, NEW.step, NEW.n);
    IF NEW.log IS NOT NULL THEN
        PERFORM FROM blobs
          WHERE sha256 = NEW.log->>'sha256' AND generation = (NEW.log->>'generation')::bigint
            AND state = 'present' FOR SHARE;
        IF NOT FOUND THEN
            NEW.log := NULL;
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER an_ended_attempt_leases_nothing BEFORE UPDATE OF state ON attempts
    FOR EACH ROW
    WHEN (OLD.state IN ('open', 'began') AND NEW.state NOT IN ('open', 'began'))
    EXECUTE FUNCTION end_leases();
