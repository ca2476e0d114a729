INSERT INTO rejected_runs (id, name, reason, message)
    VALUES ('00000000-0000-4000-8000-0000000000f0', 'misspelt', 'UnknownStep', 'there is no step');
UPDATE specs SET code = repeat('b', 64);
UPDATE runs SET resume_of = '00000000-0000-0000-0000-000000000008'
 WHERE id = '00000000-0000-0000-0000-000000000009';
