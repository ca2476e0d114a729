-- What people look at: versions, models, runs.

-- name: artifact-versions
-- Versions by id, in full.
SELECT v.id, a.name, v.number, v.version_name, v.digest, v.kind, v.pickled, v.tags, v.created_at,
       v.run_id, r.name AS run_name, coalesce(s.history_name, v.step) AS step, m.body, m.size,
       d.artifact_version_id IS NOT NULL AS bytes_deleted, d.by AS deleted_by, d.at AS deleted_at,
       (SELECT jsonb_object_agg(key, value) FROM (
            SELECT DISTINCT ON (key) key, value FROM metadata
             WHERE artifact_version_id = v.id ORDER BY key, id DESC) newest) AS metadata
  FROM artifact_versions v
  JOIN artifacts a ON a.id = v.artifact_id
  JOIN manifests m ON m.digest = v.digest
  LEFT JOIN runs r ON r.id = v.run_id
  LEFT JOIN steps s ON s.run_id = v.run_id AND s.name = v.step
  -- The bytes of a discarded version stay as long as another one shares them.
  LEFT JOIN discarded_versions d ON d.artifact_version_id = v.id AND m.content IS NULL AND EXISTS (
       SELECT FROM manifest_blobs f WHERE f.digest = v.digest AND NOT EXISTS (
            SELECT FROM blobs b WHERE b.sha256 = f.sha256 AND b.state = 'present'))
 WHERE v.id = ANY(%(ids)s)

-- name: artifact-version-ids
-- The versions of an artifact, newest first.
SELECT v.id FROM artifacts a JOIN artifact_versions v ON v.artifact_id = a.id
 WHERE a.name = %(name)s ORDER BY v.number DESC

-- name: artifacts
-- The artifacts with their newest versions.
SELECT a.name, latest.id AS latest, counted.versions
  FROM artifacts a
  JOIN LATERAL (SELECT id FROM artifact_versions WHERE artifact_id = a.id
                 ORDER BY number DESC LIMIT 1) latest ON true
  JOIN LATERAL (SELECT count(*) AS versions FROM artifact_versions WHERE artifact_id = a.id)
       counted ON true
 ORDER BY a.name

-- name: model-versions
-- Model versions by id, in full.
SELECT v.id, m.name, v.number, v.version_name, s.stage, s.status, s.stage_event, v.created_at,
       v.tags, coalesce(v.description, m.description) AS description, v.run_id, r.name AS run_name,
       (SELECT jsonb_object_agg(key, value) FROM (
            SELECT DISTINCT ON (key) key, value FROM metadata
             WHERE model_version_id = v.id ORDER BY key, id DESC) newest) AS metadata
  FROM model_versions v
  JOIN models m ON m.id = v.model_id
  JOIN model_version_states s ON s.model_version_id = v.id
  LEFT JOIN runs r ON r.id = v.run_id
 WHERE v.id = ANY(%(ids)s)

-- name: model-version-ids
-- The versions of a model, newest first.
SELECT v.id FROM models m JOIN model_versions v ON v.model_id = m.id
 WHERE m.name = %(name)s ORDER BY v.number DESC

-- name: stage-history
-- What happened to the stages of a model, newest first.
SELECT e.id, m.name AS model, e.model_version_id, v.number, v.version_name, e.from_stage, e.to_stage,
       e.at, e.by, e.run_id, r.name AS run_name, coalesce(s.history_name, e.step) AS step, e.attempt
  FROM models m
  JOIN stage_events e ON e.model_id = m.id
  JOIN model_versions v ON v.id = e.model_version_id
  LEFT JOIN runs r ON r.id = e.run_id
  LEFT JOIN steps s ON s.run_id = e.run_id AND s.name = e.step
 WHERE m.name = %(name)s
 ORDER BY e.id DESC LIMIT %(limit)s

-- name: models
-- The models, or one of them, with what stands where and what `latest` is, or their newest versions
-- where all were made by runs that failed or go on.
SELECT m.name, counted.versions, latest.id AS latest,
       (SELECT coalesce(v.version_name, v.number::text) FROM model_version_states s
          JOIN model_versions v ON v.id = s.model_version_id
         WHERE s.model_id = m.id AND s.stage = 'production') AS production,
       (SELECT coalesce(v.version_name, v.number::text) FROM model_version_states s
          JOIN model_versions v ON v.id = s.model_version_id
         WHERE s.model_id = m.id AND s.stage = 'staging') AS staging,
       ARRAY(SELECT stage FROM protected_stages p WHERE p.model_id = m.id ORDER BY stage)
       AS protected
  FROM models m
  JOIN LATERAL (SELECT coalesce(
            (SELECT model_version_id FROM model_version_states
              WHERE model_id = m.id AND status = 'ready' ORDER BY number DESC LIMIT 1),
            (SELECT id FROM model_versions WHERE model_id = m.id
              ORDER BY number DESC LIMIT 1)) AS id) latest ON latest.id IS NOT NULL
  JOIN LATERAL (SELECT count(*) AS versions FROM model_versions WHERE model_id = m.id)
       counted ON true
 WHERE %(name)s::text IS NULL OR m.name = %(name)s
 ORDER BY m.name

-- name: linked-ids
-- The artifacts of a model version, for each name the link that counts.
SELECT DISTINCT ON (l.artifact_id) l.artifact_version_id AS id
  FROM model_links l WHERE l.model_version_id = %(model_version)s
 ORDER BY l.artifact_id, l.by_producer DESC, l.number DESC

-- name: pipelines
-- The pipelines with their newest runs.
SELECT p.id, p.name, counted.runs, latest.id AS last_run
  FROM pipelines p
  JOIN LATERAL (SELECT count(*) AS runs FROM runs WHERE pipeline_id = p.id) counted ON true
  LEFT JOIN LATERAL (SELECT id FROM runs WHERE pipeline_id = p.id
                      ORDER BY created_at DESC, id DESC LIMIT 1) latest ON true
 WHERE %(name)s::text IS NULL OR p.name = %(name)s
 ORDER BY p.name

-- name: run-ids
-- Runs in the order of time, newest first.
SELECT id FROM runs WHERE %(status)s::text IS NULL OR phase = %(status)s
 ORDER BY created_at DESC, id DESC LIMIT %(limit)s

-- name: run-ids-of-pipeline
-- Runs of a pipeline in the order of time, newest first.
SELECT id FROM runs
 WHERE pipeline_id = (SELECT id FROM pipelines WHERE name = %(pipeline)s)
   AND (%(status)s::text IS NULL OR phase = %(status)s)
 ORDER BY created_at DESC, id DESC LIMIT %(limit)s

-- name: run-ids-by-finish
-- Finished runs in the order of commits, newest first.
SELECT id FROM runs
 WHERE pipeline_id = (SELECT id FROM pipelines WHERE name = %(pipeline)s) AND phase = %(status)s
 ORDER BY finished_number DESC LIMIT %(limit)s

-- name: run-by-name
-- A run by its name.
SELECT id FROM runs WHERE name = %(name)s

-- name: run-by-id-range
-- Runs whose ids begin with a prefix.
SELECT id FROM runs WHERE id BETWEEN %(low)s AND %(high)s LIMIT 2

-- name: run-names
-- The newest runs' names, for the nearest one.
SELECT name FROM runs ORDER BY created_at DESC LIMIT 1000

-- name: runs
-- Runs by id; one that waits says for what.
SELECT r.id, r.name, p.name AS pipeline, r.phase, r.reason, r.parameters, r.created_at,
       coalesce(r.message, (
            SELECT history_name || ' waits: ' || message FROM steps s
             WHERE run_id = r.id AND phase = 'Waiting'
               AND NOT EXISTS (SELECT FROM attempts a WHERE (a.run_id, a.step) = (r.id, s.name)
                                  AND a.state IN ('open', 'began'))
             ORDER BY position LIMIT 1)) AS message,
       r.started_at, r.finished_at, r.error, r.target, r.spec_digest, r.desired,
       r.replay_of, (SELECT name FROM runs old WHERE old.id = r.replay_of) AS replay_name,
       (SELECT jsonb_object_agg(key, value) FROM (
            SELECT DISTINCT ON (key) key, value FROM metadata
             WHERE run_id = r.id AND step IS NULL ORDER BY key, id DESC) newest) AS metadata
  FROM runs r JOIN pipelines p ON p.id = r.pipeline_id
 WHERE r.id = ANY(%(ids)s)

-- name: spec
-- A frozen spec; the text is not for the database to read, which takes no NUL in JSON.
SELECT body FROM specs WHERE digest = %(digest)s

-- name: run-steps
-- The steps of a run, or one of them by either of its names, with their attempts.
SELECT s.name, s.history_name, s.phase, s.reason, s.message, s.waiting_since,
       coalesce(jsonb_agg(jsonb_build_object(
           'n', a.n, 'state', a.state, 'cause', a.cause, 'error', a.error,
           'opened_at', a.opened_at, 'began_at', a.began_at, 'ended_at', a.ended_at,
           'cached_from', a.cached_from, 'cache_key', a.cache_key) ORDER BY a.n)
       FILTER (WHERE a.n IS NOT NULL), '[]') AS attempts
  FROM steps s LEFT JOIN attempts a ON a.run_id = s.run_id AND a.step = s.name
 WHERE s.run_id = %(run)s AND (%(step)s::text IS NULL OR %(step)s IN (s.name, s.history_name))
 GROUP BY s.run_id, s.name ORDER BY s.position

-- name: run-outputs
-- What the committed attempts of a run put out.
SELECT t.step, o.output, o.artifact_version_id AS id
  FROM attempts t JOIN attempt_outputs o ON (o.run_id, o.step, o.attempt) = (t.run_id, t.step, t.n)
 WHERE t.run_id = %(run)s AND t.state = 'committed'
   AND (%(step)s::text IS NULL OR t.step = %(step)s)
 ORDER BY t.step, o.position

-- name: attempt-receipts
-- The receipts of an attempt: of the resolution that holds, and of the reads in its body.
SELECT r.kind, r.input, r.path, r.reference, r.value, r.has_value, r.moved, r.resolved_at,
       r.snapshot::text AS snapshot, r.artifact_version_id, r.model_version_id,
       e.id AS event, e.from_stage, e.to_stage, e.at AS event_at, e.by, e.run_id AS event_run,
       er.name AS event_run_name, coalesce(es.history_name, e.step) AS event_step
  FROM receipts r
  JOIN attempts t ON (t.run_id, t.step, t.n) = (r.run_id, r.step, r.attempt)
  LEFT JOIN stage_events e ON e.id = r.stage_event
  LEFT JOIN runs er ON er.id = e.run_id
  LEFT JOIN steps es ON es.run_id = e.run_id AND es.name = e.step
 WHERE r.run_id = %(run)s AND r.step = %(step)s AND r.attempt = %(n)s
   AND (r.kind = 'read' OR r.resolution = t.resolution)
 ORDER BY r.id

-- name: run-receipts
-- What the references of a run to things outside of it became, in the last attempt of each step.
SELECT s.history_name, r.kind, r.input, r.path, r.reference, r.value, r.has_value, r.moved,
       r.resolved_at, r.snapshot::text AS snapshot, r.artifact_version_id, r.model_version_id,
       e.id AS event, e.from_stage, e.to_stage, e.at AS event_at, e.by, e.run_id AS event_run,
       er.name AS event_run_name, coalesce(es.history_name, e.step) AS event_step
  FROM steps s
  JOIN LATERAL (SELECT n, resolution FROM attempts WHERE run_id = s.run_id AND step = s.name
                 ORDER BY n DESC LIMIT 1) t ON true
  JOIN receipts r ON r.run_id = s.run_id AND r.step = s.name AND r.attempt = t.n
       AND (r.kind = 'read' OR r.resolution = t.resolution)
       AND NOT r.reference ?| ARRAY['value', 'parameter', 'step']
  LEFT JOIN stage_events e ON e.id = r.stage_event
  LEFT JOIN runs er ON er.id = e.run_id
  LEFT JOIN steps es ON es.run_id = e.run_id AND es.name = e.step
 WHERE s.run_id = %(run)s
 ORDER BY s.position, r.id LIMIT 1000

-- name: attempt-detail
-- One attempt of a step.
SELECT n, state, cause, error, log, cache_key, cache_parts, cached_from, read_in_body, promoted,
       model_version_id
  FROM attempts WHERE run_id = %(run)s AND step = %(step)s AND (%(n)s::int IS NULL OR n = %(n)s)
 ORDER BY n DESC LIMIT 1

-- name: previous-attempt
-- The last committed attempt of the same step in an earlier run of the pipeline.
SELECT a.run_id, r.name AS run_name, a.step, a.n, a.cache_parts
  FROM attempts a JOIN runs r ON r.id = a.run_id
 WHERE a.step = %(step)s AND a.state = 'committed' AND a.cache_parts IS NOT NULL
   AND r.pipeline_id = (SELECT pipeline_id FROM runs WHERE id = %(run)s)
   AND r.created_at < (SELECT created_at FROM runs WHERE id = %(run)s)
 ORDER BY r.created_at DESC LIMIT 1

-- name: same-key
-- Another attempt that ran its code under the same cache key: the last one that had committed when
-- this one was resolved, else the first of those that ran meanwhile.
SELECT a.run_id, r.name AS run_name, a.step, a.n, a.cacheable, a.promoted,
       a.ended_at > me.resolved_at AS later
  FROM attempts me
  JOIN attempts a ON a.cache_key = me.cache_key AND a.state = 'committed' AND a.cached_from IS NULL
       AND (a.run_id, a.step, a.n) <> (me.run_id, me.step, me.n)
       AND a.opened_at < coalesce(me.ended_at, clock_timestamp())
  JOIN runs r ON r.id = a.run_id
 WHERE me.run_id = %(run)s AND me.step = %(step)s AND me.n = %(n)s
 ORDER BY a.ended_at > me.resolved_at, a.ended_at DESC LIMIT 1

-- name: step-metadata
-- The newest metadata of a step.
SELECT DISTINCT ON (key) key, value FROM metadata
 WHERE run_id = %(run)s AND step = %(step)s ORDER BY key, id DESC

-- name: content
-- What a version consists of, with the generation of each blob that may be read.
SELECT m.body, m.content, v.pickled,
       (SELECT jsonb_object_agg(b.sha256, b.generation ORDER BY b.generation)
          FROM manifest_blobs f JOIN blobs b ON b.sha256 = f.sha256 AND b.state <> 'deleting'
         WHERE f.digest = m.digest) AS generations
  FROM artifact_versions v JOIN manifests m ON m.digest = v.digest
 WHERE v.id = %(id)s

-- name: resolved-anew
-- The steps of a replay that the run that it replays had never resolved.
SELECT s.history_name FROM runs r JOIN steps s ON s.run_id = r.id
 WHERE r.id = %(run)s AND r.replay_of IS NOT NULL
   AND NOT EXISTS (SELECT FROM run_pins p WHERE p.run_id = r.id AND p.step = s.name)
   AND NOT EXISTS (SELECT FROM attempts a
                    WHERE a.run_id = r.replay_of AND a.step = s.name AND a.resolution > 0)
 ORDER BY s.position

-- name: differences
-- The outputs of a replay that came out otherwise than in the run that it replays.
SELECT s.history_name AS step, o.output, old.id AS before, new.id AS after
  FROM runs r
  JOIN attempts t ON t.run_id = r.id AND t.state = 'committed'
  JOIN steps s ON s.run_id = r.id AND s.name = t.step
  JOIN attempt_outputs o ON (o.run_id, o.step, o.attempt) = (t.run_id, t.step, t.n)
  JOIN artifact_versions new ON new.id = o.artifact_version_id
  JOIN attempts bt ON bt.run_id = r.replay_of AND bt.step = t.step AND bt.state = 'committed'
  JOIN attempt_outputs bo ON (bo.run_id, bo.step, bo.attempt) = (bt.run_id, bt.step, bt.n)
       AND bo.output = o.output
  JOIN artifact_versions old ON old.id = bo.artifact_version_id
 WHERE r.id = %(run)s AND new.digest <> old.digest
 ORDER BY s.position, o.position
