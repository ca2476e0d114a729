INSERT INTO run_pins (run_id, step, kind, input, reference, artifact_version_id)
    VALUES ('00000000-0000-0000-0000-000000000004', 'train', 'input', 'data', '{}',
            '00000000-0000-0000-0000-000000000007');
