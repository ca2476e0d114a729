INSERT INTO rejected_runs (id, name, reason, message)
    VALUES ('00000000-0000-4000-8000-0000000000f0', 'misspelt', 'UnknownStep', 'there is no step');
