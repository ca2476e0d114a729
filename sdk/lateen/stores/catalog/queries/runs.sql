-- Runs and their steps.

-- name: create-run
-- The run's frozen spec, its row and its steps; all or nothing.
WITH pipeline AS (
    INSERT INTO pipelines (name) VALUES (%(pipeline)s)
    ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id
), spec AS (
    INSERT INTO specs (digest, body, code) VALUES (%(spec_digest)s, %(spec)s, %(code)s)
    ON CONFLICT (digest) DO UPDATE SET digest = excluded.digest  -- locked: no deletion takes it
), run AS (
    INSERT INTO runs (id, name, pipeline_id, spec_digest, parameters, target, submitted_by, source,
                      replay_of, resume_of)
    SELECT %(id)s, %(name)s, id, %(spec_digest)s, %(parameters)s, %(target)s, %(submitted_by)s,
           %(source)s, %(replay_of)s, %(resume_of)s FROM pipeline
    RETURNING id, created_at
), steps AS (
    INSERT INTO steps (run_id, name, history_name, position)
    SELECT %(id)s, s->>0, s->>1, place - 1
      FROM jsonb_array_elements(%(steps)s) WITH ORDINALITY AS listed(s, place)
)
SELECT id, created_at FROM run

-- name: run-for-runner
-- All that a runner needs to start or take up a run.
SELECT r.id, r.name, r.parameters, r.desired, r.phase, r.created_at, r.started_at, r.source,
       r.submitted_by, r.replay_of, s.body
  FROM runs r JOIN specs s ON s.digest = r.spec_digest WHERE r.id = %(run)s

-- name: steps-for-runner
-- The steps of a run with their attempts so far.
SELECT s.name, s.phase, s.waiting_since,
       coalesce(jsonb_agg(jsonb_build_object('n', a.n, 'state', a.state, 'cause', a.cause,
                                             'ended_at', a.ended_at) ORDER BY a.n)
                FILTER (WHERE a.n IS NOT NULL), '[]') AS attempts
  FROM steps s LEFT JOIN attempts a ON a.run_id = s.run_id AND a.step = s.name
 WHERE s.run_id = %(run)s GROUP BY s.run_id, s.name ORDER BY s.position

-- name: start-run
-- Marks a run as running, unless it has finished.
UPDATE runs SET phase = 'Running', started_at = coalesce(started_at, clock_timestamp())
 WHERE id = %(run)s AND finished_at IS NULL RETURNING desired

-- name: set-phase
-- Shows a pause or its end.
UPDATE runs SET phase = %(phase)s WHERE id = %(run)s AND finished_at IS NULL

-- name: set-desired
-- What the owner wants of a run that has not finished.
UPDATE runs SET desired = %(desired)s WHERE id = %(run)s AND finished_at IS NULL RETURNING id

-- name: desired
-- What the owner wants of a run now, and when that is; nothing where it was deleted.
SELECT (SELECT desired FROM runs WHERE id = %(run)s) AS desired, clock_timestamp() AS now

-- name: finish-run
-- The end of a run, whole.
SELECT finish_run(%(payload)s) AS number

-- name: skip-step
-- A step that is not going to run.
UPDATE steps SET phase = %(phase)s, reason = %(reason)s, message = %(message)s
 WHERE run_id = %(run)s AND name = %(step)s

-- name: wait-for-step
-- A step whose references may wait for what they match; since when it waits stays as it was.
UPDATE steps SET phase = 'Waiting', reason = 'Waiting', message = %(message)s,
                 waiting_since = CASE WHEN phase = 'Waiting' THEN waiting_since
                                      ELSE clock_timestamp() END
 WHERE run_id = %(run)s AND name = %(step)s

-- name: open-attempts
-- The attempts of a run that could still write.
SELECT step, n FROM attempts WHERE run_id = %(run)s AND state IN ('open', 'began')

-- name: unfinished-runs
-- Runs of the laptop that have not finished, but for those whose process is still starting.
SELECT id, name FROM runs
 WHERE finished_at IS NULL AND target = 'local'
   AND (started_at IS NOT NULL OR created_at < clock_timestamp() - interval '1 minute')
 ORDER BY created_at

-- name: lock-run
-- The runner's session holds this lock as long as it lives.
SELECT pg_try_advisory_lock(hashtextextended(%(run)s, 0)) AS held


-- name: unlock-run
-- Gives the lock up.
SELECT pg_advisory_unlock(hashtextextended(%(run)s, 0)) AS held
