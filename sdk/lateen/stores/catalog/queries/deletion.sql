-- What needs what, and deletions of what nothing needs. A deletion locks its rows first: a reference
-- that another transaction makes meanwhile is seen, or waits and then finds nothing to refer to.

-- name: lock-artifact-versions
-- Nobody refers to these anew before the transaction ends.
SELECT id FROM artifact_versions WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE

-- name: artifact-versions
-- Artifact versions as people call them.
SELECT v.id, a.name || ' ' || coalesce(v.version_name, v.number::text) AS what
  FROM artifact_versions v JOIN artifacts a ON a.id = v.artifact_id
 WHERE v.id = ANY(%(ids)s) ORDER BY a.name, v.number

-- name: needs-of-artifact-versions
-- What needs artifact versions: for each kind of need how many there are, and the first by name.
WITH wanted AS (
    SELECT v.*, a.name AS artifact FROM artifact_versions v JOIN artifacts a ON a.id = v.artifact_id
     WHERE v.id = ANY(%(ids)s)
), needs AS (
    SELECT w.id, 'output' AS kind, r.name AS subject
      FROM wanted w JOIN attempt_outputs o ON o.artifact_version_id = w.id
      JOIN runs r ON r.id = o.run_id
    UNION
    SELECT w.id, 'output', r.name FROM wanted w JOIN runs r ON r.id = w.run_id
    UNION
    SELECT w.id, 'input', r.name
      FROM wanted w JOIN receipts t ON t.artifact_version_id = w.id JOIN runs r ON r.id = t.run_id
    UNION
    SELECT w.id, 'fixed', r.name
      FROM wanted w JOIN run_pins p ON p.artifact_version_id = w.id JOIN runs r ON r.id = p.run_id
    UNION
    SELECT w.id, 'pending', r.name
      FROM wanted w JOIN runs r ON r.finished_at IS NULL
      JOIN specs s ON s.digest = r.spec_digest
     WHERE position(w.digest IN s.body) > 0 OR position(w.id::text IN s.body) > 0
    UNION
    SELECT w.id, 'uploading', l.holder
      FROM wanted w JOIN manifest_blobs b ON b.digest = w.digest
      JOIN blob_leases l ON l.sha256 = b.sha256
     WHERE w.artifact = %(uploads)s AND l.expires_at > clock_timestamp()
       AND starts_with(l.holder, %(uploading)s)
    UNION
    SELECT w.id, 'link', m.name || ' ' || coalesce(v.version_name, v.number::text)
      FROM wanted w JOIN model_links l ON l.artifact_version_id = w.id
      JOIN model_versions v ON v.id = l.model_version_id JOIN models m ON m.id = v.model_id
    UNION
    SELECT w.id, 'stage', s.stage || ' of model ' || m.name
      FROM wanted w JOIN model_links l ON l.artifact_version_id = w.id
      JOIN model_version_states s ON s.model_version_id = l.model_version_id
           AND s.stage IN ('staging', 'production')
      JOIN models m ON m.id = s.model_id
    UNION
    SELECT w.id, 'tag', tag FROM wanted w, unnest(w.tags) AS tag
)
SELECT id, kind, count(*) AS total, (array_agg(subject ORDER BY subject))[1:3] AS subjects
  FROM needs GROUP BY id, kind

-- name: unneeded-artifact-versions
-- Versions that no run, no model, no pin and no tag refers to, a page in the order of ids.
SELECT v.id FROM artifact_versions v
 WHERE (%(after)s::uuid IS NULL OR v.id > %(after)s) AND v.run_id IS NULL AND v.tags = '{}'
   AND (%(discarded)s OR NOT EXISTS (
        SELECT FROM discarded_versions d WHERE d.artifact_version_id = v.id))
   AND NOT EXISTS (SELECT FROM attempt_outputs o WHERE o.artifact_version_id = v.id)
   AND NOT EXISTS (SELECT FROM receipts t WHERE t.artifact_version_id = v.id)
   AND NOT EXISTS (SELECT FROM run_pins p WHERE p.artifact_version_id = v.id)
   AND NOT EXISTS (SELECT FROM model_links l WHERE l.artifact_version_id = v.id)
 ORDER BY v.id LIMIT %(limit)s

-- name: blobs-of
-- The blobs that versions consist of.
SELECT DISTINCT b.sha256 FROM artifact_versions v JOIN manifest_blobs b ON b.digest = v.digest
 WHERE v.id = ANY(%(ids)s)

-- name: count-artifact-versions
-- How many versions there are, `discarded` ones among them or not.
SELECT count(*) AS total FROM artifact_versions v
 WHERE %(discarded)s OR NOT EXISTS (
        SELECT FROM discarded_versions d WHERE d.artifact_version_id = v.id)

-- name: delete-artifact-versions
-- Versions with their metadata; their numbers are never given again.
DELETE FROM artifact_versions WHERE id = ANY(%(ids)s)

-- name: digests
-- The digests of versions, and whether their bytes may go already.
SELECT v.id, v.digest, EXISTS (
           SELECT FROM discarded_versions d WHERE d.artifact_version_id = v.id) AS discarded
  FROM artifact_versions v WHERE v.id = ANY(%(ids)s)

-- name: count-keepers
-- How many versions of each of these digests keep their bytes.
SELECT v.digest, count(*) AS total FROM artifact_versions v
 WHERE v.digest = ANY(%(digests)s) AND NOT EXISTS (
        SELECT FROM discarded_versions d WHERE d.artifact_version_id = v.id)
 GROUP BY v.digest

-- name: discard-artifact-versions
-- Lets the bytes of versions go, as far as no other version needs them.
INSERT INTO discarded_versions (artifact_version_id, by)
SELECT id, %(by)s FROM unnest(%(ids)s::uuid[]) AS id ON CONFLICT DO NOTHING

-- name: lock-model-versions
-- The models first, as a promotion locks them; then the versions.
WITH the_models AS (
    SELECT id FROM models
     WHERE id IN (SELECT model_id FROM model_versions WHERE id = ANY(%(ids)s))
     ORDER BY id FOR NO KEY UPDATE
)
SELECT v.id FROM model_versions v
 WHERE v.id = ANY(%(ids)s) AND v.model_id IN (SELECT id FROM the_models) ORDER BY v.id FOR UPDATE

-- name: model-versions
-- Model versions as people call them.
SELECT v.id, m.name || ' ' || coalesce(v.version_name, v.number::text) AS what
  FROM model_versions v JOIN models m ON m.id = v.model_id
 WHERE v.id = ANY(%(ids)s) ORDER BY m.name, v.number

-- name: needs-of-model-versions
-- What needs model versions: for each kind of need how many there are, and the first by name.
WITH wanted AS (
    SELECT v.*, m.name AS model FROM model_versions v JOIN models m ON m.id = v.model_id
     WHERE v.id = ANY(%(ids)s)
), needs AS (
    SELECT w.id, 'stage' AS kind, s.stage || ' of model ' || w.model AS subject
      FROM wanted w JOIN model_version_states s ON s.model_version_id = w.id
     WHERE s.stage IN ('staging', 'production')
    UNION
    SELECT w.id, 'model', r.name FROM wanted w JOIN runs r ON r.id = w.run_id
    UNION
    SELECT w.id, 'model', r.name
      FROM wanted w JOIN attempts a ON a.model_version_id = w.id JOIN runs r ON r.id = a.run_id
    UNION
    SELECT w.id, 'input', r.name
      FROM wanted w JOIN receipts t ON t.model_version_id = w.id JOIN runs r ON r.id = t.run_id
    UNION
    SELECT w.id, 'input', r.name
      FROM wanted w JOIN stage_events e ON e.model_version_id = w.id
      JOIN receipts t ON t.stage_event = e.id JOIN runs r ON r.id = t.run_id
    UNION
    SELECT w.id, 'fixed', r.name
      FROM wanted w JOIN run_pins p ON p.model_version_id = w.id JOIN runs r ON r.id = p.run_id
    UNION
    SELECT w.id, 'fixed', r.name
      FROM wanted w JOIN stage_events e ON e.model_version_id = w.id
      JOIN run_pins p ON p.stage_event = e.id JOIN runs r ON r.id = p.run_id
    UNION
    SELECT w.id, 'pending', r.name
      FROM wanted w JOIN runs r ON r.finished_at IS NULL
      JOIN specs s ON s.digest = r.spec_digest
     WHERE position(w.id::text IN s.body) > 0
    UNION
    SELECT w.id, 'history', e.to_stage
      FROM wanted w JOIN stage_events e ON e.model_version_id = w.id
     WHERE e.to_stage IN ('staging', 'production')
    UNION
    SELECT w.id, 'tag', tag FROM wanted w, unnest(w.tags) AS tag
)
SELECT id, kind, count(*) AS total, (array_agg(subject ORDER BY subject))[1:3] AS subjects
  FROM needs GROUP BY id, kind

-- name: delete-states
-- How model versions stand, which refers to the events that brought them there.
DELETE FROM model_version_states WHERE model_version_id = ANY(%(ids)s)

-- name: delete-stage-events
-- What happened to the stages of model versions.
DELETE FROM stage_events WHERE model_version_id = ANY(%(ids)s)

-- name: delete-model-versions
-- Model versions with their links and metadata; their numbers are never given again.
DELETE FROM model_versions WHERE id = ANY(%(ids)s)

-- name: lock-runs
-- Nobody refers to these anew, finishes them or promotes what they made.
WITH the_models AS (
    SELECT id FROM models
     WHERE id IN (SELECT model_id FROM model_versions WHERE run_id = ANY(%(ids)s))
     ORDER BY id FOR NO KEY UPDATE
), counted AS (SELECT count(*) FROM the_models)
SELECT r.id FROM runs r, counted WHERE r.id = ANY(%(ids)s) ORDER BY r.id FOR UPDATE OF r

-- name: runs
-- Runs as people call them.
SELECT id, name AS what FROM runs WHERE id = ANY(%(ids)s) ORDER BY created_at DESC, id DESC

-- name: needs-of-runs
-- What needs runs. One that replays or resumes another knows that by its reference alone.
WITH wanted AS (SELECT * FROM runs WHERE id = ANY(%(ids)s)), needs AS (
    SELECT w.id, 'unfinished' AS kind, w.phase AS subject FROM wanted w WHERE w.finished_at IS NULL
    UNION
    SELECT w.id, 'pending', r.name
      FROM wanted w JOIN runs r ON r.replay_of = w.id OR r.resume_of = w.id
     WHERE r.finished_at IS NULL
    UNION
    SELECT w.id, 'stage', 'made ' || m.name || ' ' || coalesce(v.version_name, v.number::text)
                          || ', which is in ' || s.stage
      FROM wanted w JOIN model_versions v ON v.run_id = w.id
      JOIN models m ON m.id = v.model_id
      JOIN model_version_states s ON s.model_version_id = v.id
     WHERE s.stage IN ('staging', 'production')
    UNION
    SELECT w.id, 'newest-success', p.name
      FROM wanted w JOIN pipelines p ON p.id = w.pipeline_id
     WHERE w.phase = 'Succeeded' AND w.finished_number = (
            SELECT max(r.finished_number) FROM runs r
             WHERE r.pipeline_id = w.pipeline_id AND r.phase = 'Succeeded')
)
SELECT id, kind, count(*) AS total, (array_agg(subject ORDER BY subject))[1:3] AS subjects
  FROM needs GROUP BY id, kind

-- name: made-by-runs
-- How many artifact versions runs made.
SELECT count(*) AS total FROM artifact_versions WHERE run_id = ANY(%(ids)s)

-- name: delete-runs
-- Runs with their steps, attempts and receipts; what they made stays.
DELETE FROM runs WHERE id = ANY(%(ids)s)

-- name: lock-specs-of-runs
-- The frozen specs of runs, but for those that a new run is taking up now.
SELECT digest FROM specs
 WHERE digest IN (SELECT spec_digest FROM runs WHERE id = ANY(%(ids)s)) FOR UPDATE SKIP LOCKED

-- name: delete-unused-specs
-- Those of them that no run has any more.
DELETE FROM specs s WHERE s.digest = ANY(%(digests)s)
   AND NOT EXISTS (SELECT FROM runs r WHERE r.spec_digest = s.digest)

-- name: delete-pipeline
-- A pipeline without runs.
DELETE FROM pipelines p WHERE p.name = %(name)s
   AND NOT EXISTS (SELECT FROM runs r WHERE r.pipeline_id = p.id)

-- name: past-runs
-- All runs, or a pipeline's, the newest first.
SELECT r.id, p.name AS pipeline, r.finished_at
  FROM runs r JOIN pipelines p ON p.id = r.pipeline_id
 WHERE %(pipeline)s::text IS NULL OR p.name = %(pipeline)s
 ORDER BY r.created_at DESC, r.id DESC

-- name: now
-- The database's time.
SELECT clock_timestamp() AS now
