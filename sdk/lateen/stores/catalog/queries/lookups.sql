-- What references become: each query finds one version in the snapshot that it runs in.
-- Parameters that are no text bear their type: many look-ups may go in one statement (together.py).

-- name: artifact-by-latest
-- The highest number of an artifact.
SELECT v.id, a.name, v.number, v.version_name, v.digest, v.kind, v.pickled
  FROM artifacts a
  JOIN LATERAL (SELECT * FROM artifact_versions WHERE artifact_id = a.id
                 ORDER BY number DESC LIMIT 1) v ON true
 WHERE a.name = %(name)s

-- name: artifact-by-number
-- One version of an artifact by its number.
SELECT v.id, a.name, v.number, v.version_name, v.digest, v.kind, v.pickled
  FROM artifacts a
  JOIN artifact_versions v ON v.artifact_id = a.id AND v.number = %(number)s::bigint
 WHERE a.name = %(name)s

-- name: artifact-by-version-name
-- One version of an artifact by the name that it was given.
SELECT v.id, a.name, v.number, v.version_name, v.digest, v.kind, v.pickled
  FROM artifacts a
  JOIN artifact_versions v ON v.artifact_id = a.id AND v.version_name = %(version)s
 WHERE a.name = %(name)s

-- name: artifact-by-id
-- One version by its id.
SELECT v.id, a.name, v.number, v.version_name, v.digest, v.kind, v.pickled
  FROM artifact_versions v
  JOIN artifacts a ON a.id = v.artifact_id
 WHERE v.id = %(id)s::uuid

-- name: artifact-by-id-range
-- The versions whose ids lie in a range, which is what a prefix of an id is; two are enough to know.
SELECT v.id, a.name, v.number, v.version_name, v.digest, v.kind, v.pickled
  FROM artifact_versions v
  JOIN artifacts a ON a.id = v.artifact_id
 WHERE v.id BETWEEN %(low)s::uuid AND %(high)s::uuid
 LIMIT 2

-- name: artifact-by-digest
-- The first version with these bytes.
SELECT v.id, a.name, v.number, v.version_name, v.digest, v.kind, v.pickled
  FROM artifact_versions v
  JOIN artifacts a ON a.id = v.artifact_id
 WHERE v.digest = %(digest)s
 ORDER BY v.created_at, v.id
 LIMIT 1

-- name: step-output
-- What the committed attempt of a step of a run put out.
SELECT v.id, a.name, v.number, v.version_name, v.digest, v.kind, v.pickled
  FROM attempts t
  JOIN attempt_outputs o ON (o.run_id, o.step, o.attempt) = (t.run_id, t.step, t.n)
  JOIN artifact_versions v ON v.id = o.artifact_version_id
  JOIN artifacts a ON a.id = v.artifact_id
 WHERE t.run_id = %(run)s::uuid AND t.step = %(step)s AND t.state = 'committed'
   AND o.output = %(output)s

-- name: last-resolution
-- The number of an attempt's last resolution.
SELECT resolution FROM attempts
 WHERE run_id = %(run)s::uuid AND step = %(step)s AND n = %(n)s::integer

-- name: run-output
-- What a step, by its Python or its DNS name, put out in a run; `output` is also its only output.
SELECT v.id, a.name, v.number, v.version_name, v.digest, v.kind, v.pickled
  FROM steps s
  JOIN attempts t ON t.run_id = s.run_id AND t.step = s.name AND t.state = 'committed'
  JOIN attempt_outputs o ON (o.run_id, o.step, o.attempt) = (t.run_id, t.step, t.n)
  JOIN artifact_versions v ON v.id = o.artifact_version_id
  JOIN artifacts a ON a.id = v.artifact_id
 WHERE s.run_id = %(run)s::uuid AND (s.history_name = %(step)s OR s.name = %(step)s)
   AND (o.output = %(output)s OR %(output)s = 'output' AND NOT EXISTS (
        SELECT FROM attempt_outputs other
         WHERE (other.run_id, other.step, other.attempt) = (t.run_id, t.step, t.n)
           AND other.output <> o.output))

-- name: latest-successful-run
-- The run of a pipeline that succeeded last, in the order of commits.
SELECT r.id FROM runs r JOIN pipelines p ON p.id = r.pipeline_id
 WHERE p.name = %(pipeline)s AND r.phase = 'Succeeded'
 ORDER BY r.finished_number DESC LIMIT 1

-- name: latest-run
-- The newest run of a pipeline but for the one that asks.
SELECT r.id FROM runs r JOIN pipelines p ON p.id = r.pipeline_id
 WHERE p.name = %(pipeline)s AND r.id <> %(asking)s::uuid
 ORDER BY r.created_at DESC, r.id DESC LIMIT 1

-- name: model-by-stage
-- The newest version of a model in a stage.
SELECT v.id, m.name, v.number, v.version_name, s.stage, s.status, s.stage_event, v.run_id
  FROM models m
  JOIN LATERAL (SELECT * FROM model_version_states
                 WHERE model_id = m.id AND stage = %(stage)s ORDER BY number DESC LIMIT 1) s ON true
  JOIN model_versions v ON v.id = s.model_version_id
 WHERE m.name = %(name)s

-- name: model-as-of
-- Which version held a stage at a moment, and the event that had brought it there. The last event by
-- then counts together with the others of its transaction, which nobody ever saw apart.
WITH events AS (
    SELECT e.* FROM models m JOIN stage_events e ON e.model_id = m.id WHERE m.name = %(name)s
), last AS (
    SELECT xid FROM events
     WHERE id = %(event)s::bigint OR at <= %(at)s::timestamptz
        OR at <= (SELECT started_at FROM runs WHERE name = %(run)s)
     ORDER BY id DESC LIMIT 1
), told AS (
    SELECT * FROM events
     WHERE id <= (SELECT max(events.id) FROM events JOIN last USING (xid))
       AND %(stage)s IN (from_stage, to_stage)
     ORDER BY id DESC LIMIT 1
)
SELECT v.id, m.name, v.number, v.version_name, told.to_stage AS stage, s.status,
       told.id AS stage_event, v.run_id
  FROM told
  JOIN models m ON m.id = told.model_id
  JOIN model_versions v ON v.id = told.model_version_id
  JOIN model_version_states s ON s.model_version_id = v.id
 WHERE told.to_stage = %(stage)s

-- name: model-by-latest
-- The highest version of a model that no failed or unfinished run made, one's own run excepted.
SELECT v.id, m.name, v.number, v.version_name, s.stage, s.status, s.stage_event, v.run_id
  FROM models m
  JOIN LATERAL (
        (SELECT model_version_id, number FROM model_version_states
          WHERE model_id = m.id AND status = 'ready' ORDER BY number DESC LIMIT 1)
        UNION ALL
        SELECT id, number FROM model_versions WHERE model_id = m.id AND run_id = %(run)s::uuid
        ORDER BY number DESC LIMIT 1) latest ON true
  JOIN model_versions v ON v.id = latest.model_version_id
  JOIN model_version_states s ON s.model_version_id = v.id
 WHERE m.name = %(name)s

-- name: model-by-number
-- One version of a model by its number.
SELECT v.id, m.name, v.number, v.version_name, s.stage, s.status, s.stage_event, v.run_id
  FROM models m
  JOIN model_versions v ON v.model_id = m.id AND v.number = %(number)s::bigint
  JOIN model_version_states s ON s.model_version_id = v.id
 WHERE m.name = %(name)s

-- name: model-by-version-name
-- One version of a model by the name that it was given.
SELECT v.id, m.name, v.number, v.version_name, s.stage, s.status, s.stage_event, v.run_id
  FROM models m
  JOIN model_versions v ON v.model_id = m.id AND v.version_name = %(version)s
  JOIN model_version_states s ON s.model_version_id = v.id
 WHERE m.name = %(name)s

-- name: model-by-run
-- The version of a model that a run made of its own.
SELECT v.id, m.name, v.number, v.version_name, s.stage, s.status, s.stage_event, v.run_id
  FROM models m
  JOIN model_versions v ON v.model_id = m.id AND v.run_id = %(run)s::uuid AND v.version_name IS NULL
  JOIN model_version_states s ON s.model_version_id = v.id
 WHERE m.name = %(name)s

-- name: model-by-id
-- One version of a model by its id.
SELECT v.id, m.name, v.number, v.version_name, s.stage, s.status, s.stage_event, v.run_id
  FROM model_versions v
  JOIN models m ON m.id = v.model_id
  JOIN model_version_states s ON s.model_version_id = v.id
 WHERE v.id = %(id)s::uuid

-- name: linked-artifact
-- The artifact of a model version: the producer's link before others', then the highest number.
SELECT v.id, a.name, v.number, v.version_name, v.digest, v.kind, v.pickled
  FROM artifacts a
  JOIN LATERAL (SELECT artifact_version_id FROM model_links
                 WHERE model_version_id = %(model_version)s::uuid AND artifact_id = a.id
                 ORDER BY by_producer DESC, number DESC LIMIT 1) l ON true
  JOIN artifact_versions v ON v.id = l.artifact_version_id
 WHERE a.name = %(artifact)s

-- name: linked-artifact-version
-- A version, by number or name, of an artifact among those linked to a model version.
SELECT v.id, a.name, v.number, v.version_name, v.digest, v.kind, v.pickled
  FROM artifacts a
  JOIN model_links l ON l.model_version_id = %(model_version)s::uuid AND l.artifact_id = a.id
  JOIN artifact_versions v ON v.id = l.artifact_version_id
       AND (v.number::text = %(version)s OR v.version_name = %(version)s)
 WHERE a.name = %(artifact)s

-- name: metadata-of-artifact
-- The newest value under a key of an artifact version.
SELECT value FROM metadata
 WHERE artifact_version_id = %(id)s::uuid AND key = %(key)s ORDER BY id DESC LIMIT 1

-- name: metadata-of-model
-- The newest value under a key of a model version.
SELECT value FROM metadata
 WHERE model_version_id = %(id)s::uuid AND key = %(key)s ORDER BY id DESC LIMIT 1

-- name: all-metadata-of-artifact
-- The newest value under each key of an artifact version.
SELECT DISTINCT ON (key) key, value FROM metadata
 WHERE artifact_version_id = %(id)s::uuid ORDER BY key, id DESC

-- name: all-metadata-of-model
-- The newest value under each key of a model version.
SELECT DISTINCT ON (key) key, value FROM metadata
 WHERE model_version_id = %(id)s::uuid ORDER BY key, id DESC

-- name: metadata-keys
-- The keys that there are on a version.
SELECT DISTINCT key FROM metadata
 WHERE artifact_version_id = %(id)s::uuid OR model_version_id = %(id)s::uuid LIMIT 1000

-- name: artifact-names
-- Names of artifacts, for the nearest one.
SELECT name FROM artifacts a
 WHERE EXISTS (SELECT FROM artifact_versions v WHERE v.artifact_id = a.id)
 ORDER BY name LIMIT 10000

-- name: artifact-versions-known
-- The newest versions of an artifact, for a message.
SELECT coalesce(v.version_name, v.number::text) AS name
  FROM artifacts a JOIN artifact_versions v ON v.artifact_id = a.id
 WHERE a.name = %(name)s ORDER BY v.number DESC LIMIT 1000

-- name: model-names
-- Names of models, for the nearest one.
SELECT name FROM models m
 WHERE EXISTS (SELECT FROM model_versions v WHERE v.model_id = m.id) ORDER BY name LIMIT 10000

-- name: model-versions-known
-- The newest versions of a model with their stages, for a message.
SELECT coalesce(v.version_name, v.number::text) AS name, s.stage
  FROM models m JOIN model_versions v ON v.model_id = m.id
  JOIN model_version_states s ON s.model_version_id = v.id
 WHERE m.name = %(name)s ORDER BY v.number DESC LIMIT 1000

-- name: linked-names
-- The artifacts linked to a model version.
SELECT DISTINCT a.name FROM model_links l JOIN artifacts a ON a.id = l.artifact_id
 WHERE l.model_version_id = %(id)s::uuid ORDER BY a.name LIMIT 1000

-- name: run-output-names
-- What the steps of a run put out, for the nearest one.
SELECT s.history_name || '.' || o.output AS name
  FROM steps s
  JOIN attempts t ON t.run_id = s.run_id AND t.step = s.name AND t.state = 'committed'
  JOIN attempt_outputs o ON (o.run_id, o.step, o.attempt) = (t.run_id, t.step, t.n)
 WHERE s.run_id = %(id)s::uuid ORDER BY s.position, o.position LIMIT 1000

-- name: pipeline-names
-- Names of pipelines, for the nearest one.
SELECT name FROM pipelines ORDER BY name LIMIT 10000
