-- A row in every table: a run that made a version of an artifact and one of a model, promoted it,
-- and another that read them.
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
INSERT INTO protected_stages (model_id, stage)
    VALUES ('00000000-0000-0000-0000-000000000002', 'staging');
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
