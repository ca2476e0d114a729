-- The life of an attempt.

-- name: open-attempt
-- Made by the runner or the operator before anything of the attempt runs.
INSERT INTO attempts (run_id, step, n) VALUES (%(run)s, %(step)s, %(n)s)
ON CONFLICT DO NOTHING

-- name: take-attempt
-- The holder takes an open attempt, which is inserted where the holder runs the run itself; nobody
-- else can from then on.
INSERT INTO attempts (run_id, step, n, holder) VALUES (%(run)s, %(step)s, %(n)s, %(holder)s)
ON CONFLICT (run_id, step, n) DO UPDATE SET holder = excluded.holder
 WHERE attempts.state = 'open' AND (attempts.holder IS NULL OR attempts.holder = excluded.holder)
RETURNING resolution

-- name: attempt-state
-- What the fence says of an attempt.
SELECT state, cause, holder FROM attempts
 WHERE run_id = %(run)s AND step = %(step)s AND n = %(n)s

-- name: held-attempt
-- An attempt that its holder may still write for.
SELECT state FROM attempts
 WHERE run_id = %(run)s AND step = %(step)s AND n = %(n)s AND state IN ('open', 'began')
   AND holder = %(holder)s

-- name: resolution-age
-- For how many seconds the resolution of an attempt has held.
SELECT extract(epoch FROM clock_timestamp() - resolved_at)::float8 AS seconds FROM attempts
 WHERE run_id = %(run)s AND step = %(step)s AND n = %(n)s

-- name: keep-log
-- Where the log of an attempt lies that has not ended for the catalog. One that was fenced has let
-- its leases go, so that the bytes must be there, and stay.
WITH stored AS (
    SELECT FROM blobs
     WHERE sha256 = %(log)s->>'sha256' AND generation = (%(log)s->>'generation')::bigint
       AND state = 'present'
       FOR SHARE
)
UPDATE attempts SET log = %(log)s
 WHERE run_id = %(run)s AND step = %(step)s AND n = %(n)s AND holder = %(holder)s
   AND (state IN ('open', 'began')
        OR (state = 'fenced' AND log IS NULL AND EXISTS (SELECT FROM stored)))
RETURNING n

-- name: record-resolution
-- The holder takes an open attempt, as `take-attempt` does, with the resolution that holds: its
-- receipts, its model version and the cache key taken over it.
WITH held AS (
    INSERT INTO attempts (run_id, step, n, holder, resolution, model_version_id, cache_key,
                          cache_parts, resolved_at)
    VALUES (%(run)s, %(step)s, %(n)s, %(holder)s, %(resolution)s, %(model_version)s, %(cache_key)s,
            %(cache_parts)s, clock_timestamp())
    ON CONFLICT (run_id, step, n) DO UPDATE
       SET holder = excluded.holder, resolution = excluded.resolution,
           model_version_id = excluded.model_version_id, cache_key = excluded.cache_key,
           cache_parts = excluded.cache_parts, resolved_at = excluded.resolved_at
     WHERE attempts.state = 'open'
       AND (attempts.holder IS NULL OR attempts.holder = excluded.holder)
    RETURNING n
), stored AS (
    INSERT INTO receipts (run_id, step, attempt, resolution, kind, input, path, reference,
                          artifact_version_id, model_version_id, stage_event, digest, value,
                          has_value)
    SELECT %(run)s, %(step)s, held.n, %(resolution)s, 'input', r->>'input', r->>'path',
           r->'reference', (r->>'artifact_version')::uuid, (r->>'model_version')::uuid,
           (r->>'stage_event')::bigint, r->>'digest', r->'value', (r->>'has_value')::boolean
      FROM held, jsonb_array_elements(%(receipts)s) AS r
)
SELECT n FROM held

-- name: record-reads
-- What the step's body looked up, as the snapshot of this transaction shows it; behind the fence.
WITH held AS (
    SELECT n FROM attempts
     WHERE run_id = %(run)s AND step = %(step)s AND n = %(n)s AND state IN ('open', 'began')
       AND holder = %(holder)s
       FOR NO KEY UPDATE
), stored AS (
    INSERT INTO receipts (run_id, step, attempt, resolution, kind, input, path, reference,
                          artifact_version_id, model_version_id, stage_event, digest, value,
                          has_value)
    SELECT %(run)s, %(step)s, held.n, 0, 'read', r->>'input', r->>'path', r->'reference',
           (r->>'artifact_version')::uuid, (r->>'model_version')::uuid,
           (r->>'stage_event')::bigint, r->>'digest', r->'value', (r->>'has_value')::boolean
      FROM held, jsonb_array_elements(%(receipts)s) AS r
)
SELECT n FROM held

-- name: mark-read
-- An attempt that read in its body.
UPDATE attempts SET read_in_body = true
 WHERE run_id = %(run)s AND step = %(step)s AND n = %(n)s AND NOT read_in_body

-- name: begin-attempt
-- Before user code.
SELECT begin_attempt(%(payload)s) AS result

-- name: guard-artifacts
-- Nobody publishes a version of these before the transaction ends.
SELECT id FROM artifacts WHERE name = ANY(%(wanted)s) ORDER BY id FOR NO KEY UPDATE

-- name: guard-models
-- Nobody makes or promotes a version of these before the transaction ends.
SELECT id FROM models WHERE name = ANY(%(wanted)s) ORDER BY id FOR NO KEY UPDATE

-- name: guard-states
-- Nor is any of their versions found ready, or failed.
SELECT s.model_version_id FROM model_version_states s JOIN models m ON m.id = s.model_id
 WHERE m.name = ANY(%(wanted)s) AND s.status <> 'ready'
 ORDER BY s.model_version_id FOR SHARE OF s

-- name: guard-pipelines
-- No run of these is made or ends before the transaction does.
SELECT id FROM pipelines WHERE name = ANY(%(wanted)s) ORDER BY id FOR NO KEY UPDATE

-- name: guard-artifact-versions
-- Nobody logs metadata on these before the transaction ends.
SELECT id FROM artifact_versions WHERE id = ANY(%(wanted)s::uuid[]) ORDER BY id FOR UPDATE

-- name: guard-model-versions
-- Nobody logs metadata on these, or links artifacts to them, before the transaction ends.
SELECT id FROM model_versions WHERE id = ANY(%(wanted)s::uuid[]) ORDER BY id FOR UPDATE

-- name: commit-attempt
-- The end of an attempt, whole.
SELECT commit_attempt(%(payload)s) AS result

-- name: fence-attempt
-- Ends an attempt from outside.
SELECT fence_attempt(%(run)s, %(step)s, %(n)s, %(cause)s, %(error)s) AS result

-- name: hold-attempt
-- The fence in front of a write.
SELECT n, model_version_id FROM hold_attempt(%(run)s, %(step)s, %(n)s, %(holder)s)

-- name: serving-attempts
-- Committed attempts under a cache key, newest first: what they put out and saved, the generation
-- of each blob of it (none where it was deleted), and what they logged on their step and their
-- model version.
-- None can be deleted, with what it put out, before this transaction has taken that over.
SELECT a.run_id, a.step, a.n, r.name AS run_name,
       (SELECT jsonb_object_agg(o.output, o.artifact_version_id) FROM attempt_outputs o
         WHERE (o.run_id, o.step, o.attempt) = (a.run_id, a.step, a.n)) AS outputs,
       (SELECT jsonb_object_agg(found.sha256, found.generation) FROM (
            SELECT mb.sha256, max(b.generation) FILTER (WHERE b.state = 'present') AS generation
              FROM (
                SELECT o.artifact_version_id AS id FROM attempt_outputs o
                 WHERE (o.run_id, o.step, o.attempt) = (a.run_id, a.step, a.n)
                UNION
                SELECT v.id FROM artifact_versions v
                 WHERE (v.run_id, v.step, v.attempt) = (a.run_id, a.step, a.n)
                   AND NOT EXISTS (SELECT FROM discarded_versions d
                                    WHERE d.artifact_version_id = v.id)) made
              JOIN artifact_versions v ON v.id = made.id
              JOIN manifests m ON m.digest = v.digest AND (m.content IS NULL OR m.damaged)
              JOIN manifest_blobs mb ON mb.digest = v.digest
              LEFT JOIN blobs b ON b.sha256 = mb.sha256
             GROUP BY mb.sha256) found) AS blobs,
       (SELECT jsonb_agg(v.id) FROM artifact_versions v
         WHERE v.run_id = a.run_id AND v.step = a.step AND v.attempt = a.n
           AND NOT EXISTS (SELECT FROM attempt_outputs o WHERE o.artifact_version_id = v.id)
       ) AS saved,
       (SELECT jsonb_object_agg(newest.key, newest.value) FROM (
            SELECT DISTINCT ON (key) key, value FROM metadata
             WHERE run_id = a.run_id AND step = a.step ORDER BY key, id DESC) newest) AS metadata,
       (SELECT jsonb_object_agg(newest.key, newest.value) FROM (
            SELECT DISTINCT ON (key) key, value FROM metadata
             WHERE model_version_id = a.model_version_id AND by_run = a.run_id AND by_step = a.step
             ORDER BY key, id DESC) newest) AS model_metadata,
       a.model_version_id, a.read_in_body
  FROM attempts a JOIN runs r ON r.id = a.run_id
 WHERE a.cache_key = %(cache_key)s AND a.state = 'committed' AND a.cacheable
   AND NOT a.promoted
 ORDER BY a.ended_at DESC LIMIT 5
 FOR KEY SHARE OF a

-- name: committed-attempt
-- The committed attempt of a step, with what it put out and saved; none of it can be deleted before
-- this transaction has taken that over.
SELECT a.n, r.name AS run_name,
       (SELECT jsonb_object_agg(o.output, o.artifact_version_id) FROM attempt_outputs o
         WHERE (o.run_id, o.step, o.attempt) = (a.run_id, a.step, a.n)) AS outputs,
       (SELECT jsonb_agg(v.id) FROM artifact_versions v
         WHERE v.run_id = a.run_id AND v.step = a.step AND v.attempt = a.n
           AND NOT EXISTS (SELECT FROM attempt_outputs o WHERE o.artifact_version_id = v.id)
       ) AS saved
  FROM attempts a JOIN runs r ON r.id = a.run_id
 WHERE a.run_id = %(run)s AND a.step = %(step)s AND a.state = 'committed'
 FOR KEY SHARE OF a

-- name: inputs-of-attempt
-- What the resolution of an attempt that holds was made of.
SELECT r.input, r.path, r.reference, r.stage_event, r.value, r.has_value,
       r.artifact_version_id, r.model_version_id
  FROM receipts r
  JOIN attempts t ON (t.run_id, t.step, t.n) = (r.run_id, r.step, r.attempt)
 WHERE r.run_id = %(run)s AND r.step = %(step)s AND r.attempt = %(n)s
   AND r.kind = 'input' AND r.resolution = t.resolution
 ORDER BY r.id

-- name: last-resolved
-- The last attempt of a step that was resolved.
SELECT n FROM attempts WHERE run_id = %(run)s AND step = %(step)s AND resolution > 0
 ORDER BY n DESC LIMIT 1

-- name: inputs-begun-before
-- What the last attempt before that began was resolved to; nothing where it failed since that moved.
WITH before AS (
    SELECT run_id, step, n, resolution, error FROM attempts
     WHERE run_id = %(run)s AND step = %(step)s AND n < %(n)s AND began_at IS NOT NULL
     ORDER BY n DESC LIMIT 1
)
SELECT r.input, r.path, r.reference, r.stage_event, r.value, r.has_value,
       r.artifact_version_id, r.model_version_id
  FROM before b
  JOIN receipts r ON (r.run_id, r.step, r.attempt) = (b.run_id, b.step, b.n)
       AND r.kind = 'input' AND r.resolution = b.resolution
 WHERE b.error->>'type' IS DISTINCT FROM 'ReferenceMovedError'
 ORDER BY r.id

-- name: reads-of-attempt
-- What the body of an attempt looked up.
SELECT input, path, reference, stage_event, value, has_value, artifact_version_id, model_version_id
  FROM receipts
 WHERE run_id = %(run)s AND step = %(step)s AND attempt = %(n)s AND kind = 'read' ORDER BY id

-- name: claim-pins
-- The one transaction that fixes all references of a run.
UPDATE runs SET pinned_at = clock_timestamp() WHERE id = %(run)s AND pinned_at IS NULL
RETURNING id

-- name: record-pins
-- What references of a step are for the whole run.
INSERT INTO run_pins (run_id, step, kind, input, path, reference, artifact_version_id,
                      model_version_id, stage_event, digest, value, has_value)
SELECT %(run)s, %(step)s, %(kind)s, r->>'input', r->>'path', r->'reference',
       (r->>'artifact_version')::uuid, (r->>'model_version')::uuid, (r->>'stage_event')::bigint,
       r->>'digest', r->'value', (r->>'has_value')::boolean
  FROM jsonb_array_elements(%(receipts)s) AS r

-- name: pins-of-step
-- What references of a step are for the whole run.
SELECT input, path, reference, stage_event, value, has_value, artifact_version_id, model_version_id
  FROM run_pins WHERE run_id = %(run)s AND step = %(step)s AND kind = %(kind)s

-- name: publish-version
-- A version that is committed at once, beside the attempt's outputs.
SELECT id, number, created_at
  FROM publish_alone(%(payload)s, %(run)s, %(step)s, %(n)s, %(holder)s)

-- name: log-metadata
-- Metadata that is committed at once.
SELECT log_metadata(%(target)s, %(values)s, %(run)s, %(step)s)

-- name: set-stage
-- A promotion that is committed at once.
SELECT set_stage(%(payload)s, NULL, NULL, NULL)

-- name: protect-stage
-- Keeps steps from changing a stage of a model; the model, where there is one.
WITH the_model AS (SELECT id FROM models WHERE name = %(model)s), marked AS (
    INSERT INTO protected_stages (model_id, stage, by) SELECT id, %(stage)s, %(by)s FROM the_model
    ON CONFLICT DO NOTHING
)
SELECT id FROM the_model

-- name: unprotect-stage
-- Lets steps change a stage of a model again; the model, where there is one.
WITH the_model AS (SELECT id FROM models WHERE name = %(model)s), unmarked AS (
    DELETE FROM protected_stages s USING the_model
     WHERE s.model_id = the_model.id AND s.stage = %(stage)s
)
SELECT id FROM the_model

-- name: lease-blobs
-- A lease on the present generation of each blob.
SELECT sha256, generation FROM lease_blobs(%(holder)s, %(blobs)s)

-- name: renew-leases
-- Puts the end of a holder's leases off.
UPDATE blob_leases SET expires_at = clock_timestamp() + interval '1 day' WHERE holder = %(holder)s

-- name: release-leases
-- Ends the leases of a holder.
DELETE FROM blob_leases WHERE holder = %(holder)s

-- name: contents
-- What versions consist of, by digest, with the generation of each blob that may be read.
SELECT m.digest, m.body, m.content,
       (SELECT jsonb_object_agg(b.sha256, b.generation ORDER BY b.generation)
          FROM manifest_blobs mb JOIN blobs b ON b.sha256 = mb.sha256 AND b.state <> 'deleting'
         WHERE mb.digest = m.digest) AS generations
  FROM manifests m WHERE m.digest = ANY(%(digests)s)

-- name: generations
-- The newest generation of each blob that may be read.
SELECT sha256, max(generation) AS generation FROM blobs
 WHERE sha256 = ANY(%(blobs)s) AND state <> 'deleting' GROUP BY sha256

-- name: mark-content-damaged
-- Keeps everything new from relying on a content that was found damaged, unless it was mended since:
-- its files are as good as blobs that are not there. What was kept stays, for who wants to look.
WITH damaged AS (
    UPDATE manifests SET damaged = true
     WHERE digest = %(digest)s AND content = %(content)s AND NOT damaged
    RETURNING digest, body
)
INSERT INTO manifest_blobs (digest, sha256)
SELECT d.digest, file->>'sha256'
  FROM damaged d, jsonb_array_elements(d.body::jsonb->'files') AS file
ON CONFLICT DO NOTHING

-- name: mark-damaged
-- Keeps everything new from relying on bytes that were found damaged.
UPDATE blobs SET state = 'damaged'
 WHERE sha256 = %(sha256)s AND generation = %(generation)s AND state = 'present'
