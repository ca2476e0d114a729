-- Collecting bytes that nothing refers to. A generation of a blob goes in three steps, each
-- committed: its row is marked `deleting`, its bytes are deleted, its row is deleted.

-- name: unneeded-blobs
-- A page of generations that nothing needs, in the order of digests.
SELECT sha256, generation, size FROM unneeded_blobs
 WHERE created_at <= clock_timestamp() - make_interval(secs => %(grace)s) AND sha256 > %(after)s
 ORDER BY sha256 LIMIT %(limit)s

-- name: unneeded-blobs-of
-- Generations of these digests that nothing needs.
SELECT sha256, generation, size FROM unneeded_blobs WHERE sha256 = ANY(%(digests)s)

-- name: lock-blobs
-- Present generations that nobody is leasing or publishing at this moment.
SELECT sha256, generation FROM blobs
 WHERE (sha256, generation) IN (SELECT * FROM unnest(%(digests)s::text[], %(generations)s::bigint[]))
   AND state = 'present' FOR UPDATE SKIP LOCKED

-- name: mark-blobs
-- The locked ones that nothing needs still: a lease or a version committed before the lock is seen
-- by this statement, since its snapshot is taken after.
UPDATE blobs b SET state = 'deleting' FROM unneeded_blobs u
 WHERE (b.sha256, b.generation) = (u.sha256, u.generation)
   AND (b.sha256, b.generation) IN (
        SELECT * FROM unnest(%(digests)s::text[], %(generations)s::bigint[]))
RETURNING b.sha256, b.generation, b.size

-- name: marked-blobs
-- A page of generations that some collector has marked.
SELECT sha256, generation, size FROM blobs
 WHERE state = 'deleting' AND (sha256, generation) > (%(after)s, %(generation)s)
 ORDER BY sha256, generation LIMIT %(limit)s

-- name: forget-blob
-- The end of a generation whose bytes are gone.
DELETE FROM blobs WHERE sha256 = %(sha256)s AND generation = %(generation)s AND state = 'deleting'

-- name: unknown-blobs
-- Of stored generations those that the catalog has no row of.
SELECT s.sha256, s.generation
  FROM unnest(%(digests)s::text[], %(generations)s::bigint[]) AS s (sha256, generation)
 WHERE NOT EXISTS (SELECT FROM blobs b WHERE (b.sha256, b.generation) = (s.sha256, s.generation))

-- name: unneeded-manifests
-- A page of manifests without a version, in the order of digests.
SELECT digest FROM manifests m
 WHERE NOT EXISTS (SELECT FROM artifact_versions v WHERE v.digest = m.digest)
   AND digest > %(after)s
 ORDER BY digest LIMIT %(limit)s

-- name: unneeded-contents
-- A page of manifests whose content the catalog keeps though each of their versions was discarded.
SELECT DISTINCT v.digest
  FROM discarded_versions d JOIN artifact_versions v ON v.id = d.artifact_version_id
  JOIN manifests m ON m.digest = v.digest AND m.content IS NOT NULL
 WHERE v.digest > %(after)s AND NOT EXISTS (
        SELECT FROM artifact_versions other WHERE other.digest = v.digest AND NOT EXISTS (
            SELECT FROM discarded_versions d WHERE d.artifact_version_id = other.id))
 ORDER BY v.digest LIMIT %(limit)s

-- name: lock-manifests
-- Those of these manifests that nobody is publishing at this moment.
SELECT digest FROM manifests WHERE digest = ANY(%(digests)s) ORDER BY digest FOR UPDATE SKIP LOCKED

-- name: delete-manifests
-- The locked ones that no version has come to have, with the bytes that the catalog kept of them.
DELETE FROM manifests m WHERE m.digest = ANY(%(digests)s)
   AND NOT EXISTS (SELECT FROM artifact_versions v WHERE v.digest = m.digest)
RETURNING content IS NOT NULL AS kept, size

-- name: drop-contents
-- The content of the locked ones that no version needs. From then on their files are blobs that are
-- not there, like those of any version whose bytes were deleted.
WITH dropped AS (
    UPDATE manifests m SET content = NULL
     WHERE m.digest = ANY(%(digests)s) AND m.content IS NOT NULL AND NOT EXISTS (
            SELECT FROM artifact_versions v WHERE v.digest = m.digest AND NOT EXISTS (
                SELECT FROM discarded_versions d WHERE d.artifact_version_id = v.id))
    RETURNING m.digest, m.body, m.size
), files AS (
    INSERT INTO manifest_blobs (digest, sha256)
    SELECT d.digest, file->>'sha256'
      FROM dropped d, jsonb_array_elements(d.body::jsonb->'files') AS file
    ON CONFLICT DO NOTHING
)
SELECT size FROM dropped

-- name: count-contents
-- How many manifests keep a content that nothing needs, and its bytes.
SELECT count(*) AS total, coalesce(sum(m.size), 0) AS size FROM manifests m
 WHERE m.content IS NOT NULL AND NOT EXISTS (
        SELECT FROM artifact_versions v WHERE v.digest = m.digest AND NOT EXISTS (
            SELECT FROM discarded_versions d WHERE d.artifact_version_id = v.id))

-- name: count-manifests
-- How many manifests have no version.
SELECT count(*) AS total FROM manifests m
 WHERE NOT EXISTS (SELECT FROM artifact_versions v WHERE v.digest = m.digest)

-- name: forget-leases
-- Leases that ran out long ago, of publishers that died.
DELETE FROM blob_leases WHERE expires_at < clock_timestamp() - interval '7 days'

-- name: recognize-database
-- Whether collections have been going on for this database, or it has just been found.
INSERT INTO collected_database AS known (identity) VALUES (database_identity())
ON CONFLICT (only_row) DO UPDATE SET identity = known.identity
RETURNING identity = database_identity() AS recognized

-- name: newest-generation
-- The highest generation that was ever given.
SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS generation FROM blob_generations

-- name: acknowledge-database
-- From now on this is the database whose bytes are collected; generations go on after the store's.
WITH known AS (
    INSERT INTO collected_database (identity) VALUES (database_identity())
    ON CONFLICT (only_row) DO UPDATE
       SET identity = excluded.identity, since = clock_timestamp()
     WHERE collected_database.identity <> excluded.identity
)
SELECT setval('blob_generations', greatest(%(generation)s::bigint, last_value, 1),
              is_called OR %(generation)s::bigint >= last_value)
  FROM blob_generations
