-- What an operator asks and records about the runs of its cluster.

-- name: standing
-- Whether a run is known, and how it stands in a word.
SELECT phase, finished_at, desired, false AS rejected, NULL AS reason, NULL AS message
  FROM runs WHERE id = %(run)s
UNION ALL
SELECT 'Failed', at, NULL, true, reason, message FROM rejected_runs WHERE id = %(run)s
 LIMIT 1

-- name: run-now
-- How a run stands, and when that is; what does not change about it is left out.
SELECT phase, desired, started_at, finished_at, reason, message, clock_timestamp() AS read_at
  FROM runs WHERE id = %(run)s

-- name: steps-now
-- How the steps of a run stand, with their attempts so far.
SELECT s.name, s.phase, s.reason, s.message, s.waiting_since,
       coalesce(jsonb_agg(jsonb_build_object('n', a.n, 'state', a.state, 'cause', a.cause,
                                             'ended_at', a.ended_at, 'opened_at', a.opened_at,
                                             'began_at', a.began_at, 'holder', a.holder)
                          ORDER BY a.n)
                FILTER (WHERE a.n IS NOT NULL), '[]') AS attempts
  FROM steps s LEFT JOIN attempts a ON a.run_id = s.run_id AND a.step = s.name
 WHERE s.run_id = %(run)s GROUP BY s.run_id, s.name ORDER BY s.position

-- name: clock
-- The time of the database, of which all times in it are.
SELECT clock_timestamp() AS now

-- name: origin
-- Which runs a run repeats.
SELECT replay_of, resume_of FROM runs WHERE id = %(run)s

-- name: name-taken
-- Whether another run has a name.
SELECT id FROM runs WHERE name = %(name)s AND id <> %(run)s

-- name: run-named
-- The run of a name.
SELECT id FROM runs WHERE name = %(name)s

-- name: names
-- The newest runs.
SELECT name FROM runs ORDER BY created_at DESC LIMIT 100

-- name: reject
-- Records that a run was refused.
INSERT INTO rejected_runs (id, name, reason, message)
VALUES (%(run)s, %(name)s, %(reason)s, %(message)s) ON CONFLICT DO NOTHING

-- name: forget-rejected
-- Forgets a refused run that was deleted.
DELETE FROM rejected_runs WHERE id = %(run)s

-- name: rejected
-- The runs that were refused.
SELECT id FROM rejected_runs

-- name: end-attempt
-- Ends an attempt from outside, with the words for its step.
SELECT end_attempt(%(payload)s) AS ended

-- name: unfinished
-- The runs of the cluster that have not finished.
SELECT id, name FROM runs WHERE finished_at IS NULL AND target = 'cluster' ORDER BY created_at

-- name: live-attempts
-- What is under way in the cluster.
SELECT a.run_id, a.step, a.n, p.name AS pipeline
  FROM attempts a JOIN runs r ON r.id = a.run_id JOIN pipelines p ON p.id = r.pipeline_id
 WHERE a.state IN ('open', 'began') AND r.target = 'cluster'

-- name: first-failure
-- What the first step that failed ended with, in the order of the body.
SELECT a.error FROM steps s
  JOIN LATERAL (SELECT error FROM attempts
                 WHERE run_id = s.run_id AND step = s.name ORDER BY n DESC LIMIT 1) a ON true
 WHERE s.run_id = %(run)s AND s.phase = 'Failed' AND a.error IS NOT NULL
 ORDER BY s.position LIMIT 1

-- name: inputs-of-steps
-- What the references of some steps became in their last attempts, versions as name@version.
SELECT r.step, r.input, r.path, r.has_value, r.value,
       coalesce(artifacts.name || '@' || coalesce(v.version_name, v.number::text),
                models.name || '@' || coalesce(m.version_name, m.number::text), '') AS named
  FROM unnest(%(steps)s::text[]) AS wanted(step)
  JOIN LATERAL (SELECT n, resolution FROM attempts
                 WHERE run_id = %(run)s AND step = wanted.step ORDER BY n DESC LIMIT 1) a ON true
  JOIN receipts r ON r.run_id = %(run)s AND r.step = wanted.step AND r.attempt = a.n
       AND r.kind = 'input' AND r.resolution = a.resolution
  LEFT JOIN artifact_versions v ON v.id = r.artifact_version_id
  LEFT JOIN artifacts ON artifacts.id = v.artifact_id
  LEFT JOIN model_versions m ON m.id = r.model_version_id
  LEFT JOIN models ON models.id = m.model_id
 WHERE r.input <> ''
 ORDER BY r.id
