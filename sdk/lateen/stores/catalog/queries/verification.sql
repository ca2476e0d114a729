-- Whether a catalog agrees with itself. Each query but the pages gives findings, in words.

-- name: manifests
-- A page of what versions consist of, in the order of digests; `needed` where their bytes must be
-- there.
SELECT m.digest, m.body, m.size, m.content,
       ARRAY(SELECT b.sha256 FROM manifest_blobs b WHERE b.digest = m.digest ORDER BY 1) AS blobs,
       ARRAY(SELECT a.name || ' ' || coalesce(v.version_name, v.number::text)
               FROM artifact_versions v JOIN artifacts a ON a.id = v.artifact_id
              WHERE v.digest = m.digest AND NOT EXISTS (
                    SELECT FROM discarded_versions d WHERE d.artifact_version_id = v.id)
              ORDER BY v.created_at LIMIT 4) AS needed_by
  FROM manifests m WHERE m.digest > %(after)s ORDER BY m.digest LIMIT %(limit)s

-- name: logs
-- A page of where the logs of attempts lie.
SELECT a.run_id, a.step, a.n, r.name AS run, a.log
  FROM attempts a JOIN runs r ON r.id = a.run_id
 WHERE a.log IS NOT NULL AND (a.run_id, a.step, a.n) > (%(run)s, %(step)s, %(n)s)
 ORDER BY a.run_id, a.step, a.n LIMIT %(limit)s

-- name: receipts
-- Receipts that refer to what is not there, that have other digests than their versions, or that
-- disagree with the history of stages by their snapshots. A snapshot tells nothing of an event of
-- a database that this one was restored from.
WITH told AS (
    SELECT r.id, r.run_id, r.step, r.input, r.artifact_version_id, r.model_version_id, r.stage_event,
           r.digest, r.has_value, r.snapshot, r.resolved_at, 'receipt' AS what FROM receipts r
    UNION ALL
    SELECT NULL, p.run_id, p.step, p.input, p.artifact_version_id, p.model_version_id, p.stage_event,
           p.digest, p.has_value, p.snapshot, p.resolved_at, 'pin' FROM run_pins p
), problems AS (
    SELECT told.*, CASE
        WHEN t.id IS NULL THEN 'its run is not there'
        WHEN told.artifact_version_id IS NOT NULL AND v.id IS NULL THEN 'its version is not there'
        WHEN told.model_version_id IS NOT NULL AND m.id IS NULL
            THEN 'its model version is not there'
        WHEN told.stage_event IS NOT NULL AND e.id IS NULL THEN 'its stage event is not there'
        WHEN NOT told.has_value AND v.digest IS DISTINCT FROM told.digest
            THEN 'its digest is not its version''s'
        WHEN e.model_version_id <> told.model_version_id
            THEN 'its stage event is another version''s'
        WHEN NOT pg_visible_in_snapshot(e.xid, told.snapshot)
         AND NOT EXISTS (SELECT FROM database_lives l
                          WHERE e.at < l.since AND l.since <= told.resolved_at)
            THEN 'its snapshot had not seen its stage event'
        END AS problem
      FROM told
      LEFT JOIN runs t ON t.id = told.run_id
      LEFT JOIN artifact_versions v ON v.id = told.artifact_version_id
      LEFT JOIN model_versions m ON m.id = told.model_version_id
      LEFT JOIN stage_events e ON e.id = told.stage_event
)
SELECT coalesce(r.name, p.run_id::text) || ', step ' || p.step || ', '
       || CASE WHEN p.input = '' THEN 'a read' ELSE 'input ' || p.input END
       || ' (' || p.what || '): ' || p.problem AS found
  FROM problems p LEFT JOIN runs r ON r.id = p.run_id
 WHERE p.problem IS NOT NULL ORDER BY p.id

-- name: archives
-- A page of the source archives that specs name, each with the first run that has one.
SELECT s.code, min(r.name) AS run
  FROM specs s JOIN runs r ON r.spec_digest = s.digest
 WHERE s.code > %(after)s GROUP BY s.code ORDER BY s.code LIMIT %(limit)s

-- name: count-receipts
-- How many there are.
SELECT (SELECT count(*) FROM receipts) + (SELECT count(*) FROM run_pins) AS total

-- name: stages
-- Model versions whose stage is not what its last event says, and stages that several hold.
SELECT m.name || ' ' || coalesce(v.version_name, v.number::text) || ': ' || CASE
           WHEN s.model_version_id IS NULL THEN 'it has no state'
           ELSE 'it is in ' || s.stage || ', and its last event says '
                || coalesce(e.to_stage, 'nothing') END AS found
  FROM model_versions v
  JOIN models m ON m.id = v.model_id
  LEFT JOIN model_version_states s ON s.model_version_id = v.id
  LEFT JOIN LATERAL (SELECT id, to_stage FROM stage_events WHERE model_version_id = v.id
                      ORDER BY id DESC LIMIT 1) e ON true
 WHERE s.model_version_id IS NULL OR s.stage <> coalesce(e.to_stage, 'none')
    OR s.stage_event IS DISTINCT FROM e.id
UNION ALL
SELECT m.name || ': ' || count(*) || ' versions are in ' || s.stage
  FROM model_version_states s JOIN models m ON m.id = s.model_id
 WHERE s.stage IN ('staging', 'production') GROUP BY m.name, s.stage HAVING count(*) > 1

-- name: count-stages
-- How many there are.
SELECT count(*) AS total FROM model_versions

-- name: counters
-- Counters that would give a number again.
SELECT 'artifact ' || a.name || ': ' || max(v.number) || ' is given, and the next would be '
       || a.next_version AS found
  FROM artifacts a JOIN artifact_versions v ON v.artifact_id = a.id
 GROUP BY a.id HAVING max(v.number) >= a.next_version
UNION ALL
SELECT 'model ' || m.name || ': ' || max(v.number) || ' is given, and the next would be '
       || m.next_version
  FROM models m JOIN model_versions v ON v.model_id = m.id
 GROUP BY m.id HAVING max(v.number) >= m.next_version
UNION ALL
SELECT 'pipeline ' || p.name || ': ' || max(r.finished_number)
       || ' is given, and the next would be ' || p.next_finished
  FROM pipelines p JOIN runs r ON r.pipeline_id = p.id
 GROUP BY p.id HAVING max(r.finished_number) >= p.next_finished
UNION ALL
SELECT 'the ids of ' || highest.of || ': ' || highest.given || ' is given, and the last was said to be '
       || coalesce(pg_sequence_last_value(highest.sequence), 0)
  FROM (SELECT 'receipts' AS of, pg_get_serial_sequence('receipts', 'id')::regclass AS sequence,
               max(id) AS given FROM receipts
        UNION ALL
        SELECT 'stage events', pg_get_serial_sequence('stage_events', 'id')::regclass, max(id)
          FROM stage_events
        UNION ALL
        SELECT 'metadata', pg_get_serial_sequence('metadata', 'id')::regclass, max(id) FROM metadata
        UNION ALL
        SELECT 'blob generations', 'blob_generations'::regclass, max(generation) FROM blobs) highest
 WHERE highest.given > coalesce(pg_sequence_last_value(highest.sequence), 0)

-- name: count-counters
-- How many there are.
SELECT (SELECT count(*) FROM artifacts) + (SELECT count(*) FROM models)
       + (SELECT count(*) FROM pipelines) + 4 AS total
