INSERT INTO discarded_versions (artifact_version_id, by)
    VALUES ('00000000-0000-0000-0000-000000000007', 'tester');
INSERT INTO collected_database (identity) VALUES (database_identity());
