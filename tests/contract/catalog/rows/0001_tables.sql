-- A value in every column of every table: a run that made a version of an artifact and one of a model,
-- promoted it, and another that read them; one that failed, and one that was served from the cache.
INSERT INTO specs (digest, body) VALUES ('sha256:spec', '{}');
INSERT INTO pipelines (id, name, next_finished)
    VALUES ('00000000-0000-0000-0000-000000000001', 'training', 2);
INSERT INTO models (id, name, next_version, description)
    VALUES ('00000000-0000-0000-0000-000000000002', 'classifier', 2, 'flowers');
INSERT INTO runs (id, name, pipeline_id, spec_digest, parameters, target, submitted_by, phase,
                  finished_number, started_at, finished_at)
    VALUES ('00000000-0000-0000-0000-000000000003', 'training-1',
            '00000000-0000-0000-0000-000000000001', 'sha256:spec', '{"threshold": 0.5}', 'local',
            'tester', 'Succeeded', 1, now(), now()),
           ('00000000-0000-0000-0000-000000000004', 'training-2',
            '00000000-0000-0000-0000-000000000001', 'sha256:spec', '{}', 'local',
            'tester', 'Running', NULL, now(), NULL);
INSERT INTO steps (run_id, name, history_name, position, phase)
    VALUES ('00000000-0000-0000-0000-000000000003', 'train', 'train', 0, 'Succeeded'),
           ('00000000-0000-0000-0000-000000000004', 'train', 'train', 0, 'Running');
INSERT INTO model_versions (id, model_id, number, run_id)
    VALUES ('00000000-0000-0000-0000-000000000005', '00000000-0000-0000-0000-000000000002', 1,
            '00000000-0000-0000-0000-000000000003');
INSERT INTO stage_events (model_id, model_version_id, from_stage, to_stage, by)
    VALUES ('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000005',
            'none', 'production', 'tester');
INSERT INTO model_version_states (model_version_id, model_id, number, stage, stage_event)
    SELECT '00000000-0000-0000-0000-000000000005', '00000000-0000-0000-0000-000000000002', 1,
           'production', max(id) FROM stage_events;
INSERT INTO protected_stages (model_id, stage, by)
    VALUES ('00000000-0000-0000-0000-000000000002', 'staging', 'tester');
INSERT INTO attempts (run_id, step, n, state, holder, model_version_id, resolution, cache_key,
                      cacheable, began_at, ended_at)
    VALUES ('00000000-0000-0000-0000-000000000003', 'train', 1, 'committed', 'me',
            '00000000-0000-0000-0000-000000000005', 1, 'sha256:key', true, now(), now()),
           ('00000000-0000-0000-0000-000000000004', 'train', 1, 'began', 'me', NULL, 1, NULL,
            false, now(), NULL);
INSERT INTO artifacts (id, name, next_version)
    VALUES ('00000000-0000-0000-0000-000000000006', 'iris', 2);
INSERT INTO manifests (digest, body, size)
    VALUES ('sha256:manifest', '{"files":[],"format":"json","materializer":"m","type":"t"}', 3);
INSERT INTO artifact_versions (id, artifact_id, number, version_name, digest, kind, run_id, step,
                               attempt)
    VALUES ('00000000-0000-0000-0000-000000000007', '00000000-0000-0000-0000-000000000006', 1,
            'raw_2023', 'sha256:manifest', 'data', '00000000-0000-0000-0000-000000000003',
            'train', 1);
INSERT INTO attempt_outputs (run_id, step, attempt, output, position, artifact_version_id)
    VALUES ('00000000-0000-0000-0000-000000000003', 'train', 1, 'output', 0,
            '00000000-0000-0000-0000-000000000007');
INSERT INTO model_links (model_version_id, artifact_version_id, artifact_id, number, by_producer)
    VALUES ('00000000-0000-0000-0000-000000000005', '00000000-0000-0000-0000-000000000007',
            '00000000-0000-0000-0000-000000000006', 1, true);
INSERT INTO metadata (artifact_version_id, key, value)
    VALUES ('00000000-0000-0000-0000-000000000007', 'rows', '150');
INSERT INTO receipts (run_id, step, attempt, resolution, kind, input, reference,
                      artifact_version_id, model_version_id, stage_event, digest)
    SELECT '00000000-0000-0000-0000-000000000004', 'train', 1, 1, 'input', 'data', '{}',
           '00000000-0000-0000-0000-000000000007', '00000000-0000-0000-0000-000000000005', max(id),
           'sha256:manifest' FROM stage_events;
INSERT INTO blobs (sha256, generation, size) VALUES (repeat('a', 64), 1, 3), (repeat('b', 64), 4, 5);
INSERT INTO manifest_blobs (digest, sha256) VALUES ('sha256:manifest', repeat('a', 64));
INSERT INTO blob_leases (sha256, generation, holder, expires_at)
    VALUES (repeat('b', 64), 4, '00000000-0000-0000-0000-000000000004/train/1',
            now() + interval '1 hour');

INSERT INTO runs (id, name, pipeline_id, spec_digest, target, submitted_by, source, phase, reason,
                  message, error, finished_number, started_at, finished_at)
    VALUES ('00000000-0000-0000-0000-000000000008', 'training-3',
            '00000000-0000-0000-0000-000000000001', 'sha256:spec', 'local', 'tester', 'training.py',
            'Failed', 'StepFailed', 'train failed: no', '{"message": "no"}', 2, now(), now()),
           ('00000000-0000-0000-0000-000000000009', 'training-4',
            '00000000-0000-0000-0000-000000000001', 'sha256:spec', 'local', 'tester', 'training.py',
            'Succeeded', 'Succeeded', '1 step succeeded', NULL, 3, now(), now());
UPDATE pipelines SET next_finished = 4;
INSERT INTO steps (run_id, name, history_name, position, phase, reason, message)
    VALUES ('00000000-0000-0000-0000-000000000008', 'train', 'train', 0, 'Failed', 'ValueError', 'no'),
           ('00000000-0000-0000-0000-000000000009', 'train', 'train', 0, 'Cached', NULL, NULL);
INSERT INTO attempts (run_id, step, n, state, cause, holder, error, log, cache_key, cache_parts,
                      cached_from, resolved_at, began_at, ended_at)
    VALUES ('00000000-0000-0000-0000-000000000008', 'train', 1, 'failed', 'user', 'me',
            '{"message": "no"}',
            jsonb_build_object('sha256', repeat('a', 64), 'generation', 1, 'size', 3),
            'sha256:other', '{"code": "sha256:other"}', NULL, now(), now(), now()),
           ('00000000-0000-0000-0000-000000000009', 'train', 1, 'committed', NULL, 'me', NULL, NULL,
            'sha256:key', '{"code": "sha256:code"}',
            '{"run": "00000000-0000-0000-0000-000000000003", "step": "train", "n": 1}',
            now(), now(), now());
INSERT INTO attempt_outputs (run_id, step, attempt, output, position, artifact_version_id)
    VALUES ('00000000-0000-0000-0000-000000000009', 'train', 1, 'output', 0,
            '00000000-0000-0000-0000-000000000007');
INSERT INTO model_versions (id, model_id, number, version_name, run_id, description)
    VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000002', 2,
            '1.0', '00000000-0000-0000-0000-000000000009', 'with a name');
UPDATE models SET next_version = 3;
INSERT INTO stage_events (model_id, model_version_id, from_stage, to_stage, by, run_id, step, attempt)
    VALUES ('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-00000000000a',
            'none', 'staging', 'tester', '00000000-0000-0000-0000-000000000009', 'train', 1);
INSERT INTO model_version_states (model_version_id, model_id, number, stage, stage_event)
    SELECT '00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000002', 2,
           'staging', max(id) FROM stage_events;
UPDATE model_links SET run_id = '00000000-0000-0000-0000-000000000003';
INSERT INTO metadata (model_version_id, key, value, by_run, by_step)
    VALUES ('00000000-0000-0000-0000-00000000000a', 'MSE', '0.25',
            '00000000-0000-0000-0000-000000000009', 'train');
INSERT INTO metadata (run_id, step, key, value)
    VALUES ('00000000-0000-0000-0000-000000000009', 'train', 'epochs', '3');
INSERT INTO receipts (run_id, step, attempt, resolution, kind, input, reference, value, has_value)
    VALUES ('00000000-0000-0000-0000-000000000004', 'train', 1, 1, 'input', 'rate', '{"value": 0.5}',
            '0.5', true);
