-- A generation whose bytes were found to have another digest. It stays in the store, is read again
-- by whoever needs it, in case a backup was restored, and nothing new relies on it: whoever makes
-- the bytes anew leases another generation.
ALTER TABLE blobs
    DROP CONSTRAINT blobs_state_check,
    ADD CONSTRAINT blobs_state_check CHECK (state IN ('present', 'damaged', 'deleting'));
