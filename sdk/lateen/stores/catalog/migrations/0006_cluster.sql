-- What the cluster adds: the source archives that runs name.

-- The SHA-256 of the archive that a spec names: the bytes stay as long as a run has such a spec.
ALTER TABLE specs ADD COLUMN code text;
CREATE INDEX specs_by_code ON specs (code) WHERE code IS NOT NULL;

-- Blobs that no version, no log, no spec and no lease needs.
CREATE OR REPLACE VIEW unneeded_blobs AS
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
         WHERE a.log->>'sha256' = b.sha256 AND (a.log->>'generation')::bigint = b.generation)
   AND NOT EXISTS (SELECT FROM specs s WHERE s.code = b.sha256);

-- What the operator records.
ALTER TABLE runs ADD COLUMN resume_of uuid REFERENCES runs ON DELETE SET NULL;
CREATE INDEX runs_by_resumed ON runs (resume_of) WHERE resume_of IS NOT NULL;
CREATE INDEX attempts_live ON attempts (run_id) WHERE state IN ('open', 'began');

-- Runs of the cluster that were refused: no pipeline was frozen, and none will be.
CREATE TABLE rejected_runs (
    id      uuid PRIMARY KEY,
    name    text NOT NULL,
    reason  text NOT NULL,
    message text NOT NULL,
    at      timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Before user code: marks the attempt as begun and makes the run's own model version; says so.
CREATE OR REPLACE FUNCTION begin_attempt(p jsonb)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    held attempts;
    own  uuid;
BEGIN
    held := hold_attempt((p->>'run')::uuid, p->>'step', (p->>'n')::integer, p->>'holder');
    own := held.model_version_id;
    IF own IS NULL AND p ? 'model' THEN
        own := own_model_version(held.run_id, p->'model');
    END IF;
    UPDATE attempts
       SET state = 'began', began_at = coalesce(began_at, clock_timestamp()), model_version_id = own
     WHERE run_id = held.run_id AND step = held.step AND n = held.n;
    UPDATE steps SET phase = 'Running', reason = NULL, message = NULL
     WHERE run_id = held.run_id AND name = held.step;
    PERFORM pg_notify('lateen_attempt', held.run_id || ' ' || held.step);
    RETURN jsonb_build_object('model_version', own);
END $$;

-- Ends an attempt from outside, with the words for its step; false where it was over already.
CREATE FUNCTION end_attempt(p jsonb)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    UPDATE attempts
       SET state = p->>'state', cause = p->>'cause', error = nullif(p->'error', 'null'),
           ended_at = clock_timestamp()
     WHERE run_id = (p->>'run')::uuid AND step = p->>'step' AND n = (p->>'n')::integer
       AND state IN ('open', 'began');
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE steps SET phase = p->>'phase', reason = p->>'reason', message = p->>'message'
     WHERE run_id = (p->>'run')::uuid AND name = p->>'step';
    RETURN true;
END $$;
