INSERT INTO run_pins (run_id, step, kind, input, reference, artifact_version_id, model_version_id,
                      stage_event, digest)
    SELECT '00000000-0000-0000-0000-000000000004', 'train', 'input', 'data', '{}',
           '00000000-0000-0000-0000-000000000007', '00000000-0000-0000-0000-000000000005', min(id),
           'sha256:manifest' FROM stage_events;
INSERT INTO run_pins (run_id, step, kind, input, reference, value, has_value)
    VALUES ('00000000-0000-0000-0000-000000000004', 'train', 'input', 'rate', '{"value": 0.5}', '0.5',
            true);
UPDATE runs SET pinned_at = now(), replay_of = '00000000-0000-0000-0000-000000000003'
 WHERE id = '00000000-0000-0000-0000-000000000004';
UPDATE steps SET waiting_since = now() WHERE run_id = '00000000-0000-0000-0000-000000000004';
