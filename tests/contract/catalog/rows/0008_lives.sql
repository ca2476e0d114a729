INSERT INTO database_lives (identity) VALUES ('of the backup');
