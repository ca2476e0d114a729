-- Small contents: bytes that the catalog keeps itself, beside the manifest that says what they are.

ALTER TABLE manifests
    ADD COLUMN content bytea,                        -- of all files, one after the other; no blobs then
    ADD COLUMN damaged boolean NOT NULL DEFAULT false;  -- the content was found to have other digests

-- A random UUID but for its first twelve bits, which go round with the clock in 18 hours: what is
-- made within the same 16 seconds lies together in indexes. People look versions up by their first
-- characters, of which only three are not chance. Version 8 of RFC 9562.
CREATE FUNCTION version_uuid() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT overlay(
        overlay(gen_random_uuid()::text
                PLACING lpad(to_hex(floor(extract(epoch FROM clock_timestamp()) / 16)::bigint & 4095),
                             3, '0')
                FROM 1 FOR 3)
        PLACING '8' FROM 15 FOR 1)::uuid
$$;

ALTER TABLE artifact_versions ALTER COLUMN id SET DEFAULT version_uuid();

-- Blobs as publishers name them: generations by digest, or, where they opened the catalog before
-- this script was applied, the digests alone.
CREATE FUNCTION blobs_in(p_blobs jsonb)
RETURNS TABLE (sha256 text, generation bigint) LANGUAGE sql IMMUTABLE AS $$
    SELECT key, value::bigint
      FROM jsonb_each_text(CASE jsonb_typeof(p_blobs) WHEN 'object' THEN p_blobs ELSE '{}' END)
    UNION ALL
    SELECT value, NULL
      FROM jsonb_array_elements_text(
                CASE jsonb_typeof(p_blobs) WHEN 'array' THEN p_blobs ELSE '[]' END)
$$;

-- Keeps leased blobs until the transaction ends, in which a manifest comes to refer to them. Where a
-- lease has run out and a collector was quicker, or where the bytes that were stored were found
-- damaged already, it refuses: they must be stored again.
CREATE OR REPLACE FUNCTION hold_blobs(p_holder text, p_blobs jsonb)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    held integer;
BEGIN
    PERFORM FROM blobs b JOIN blobs_in(p_blobs) named ON named.sha256 = b.sha256
      WHERE b.state = 'present' AND b.generation = coalesce(named.generation, b.generation)
        AND EXISTS (SELECT FROM blob_leases l
                     WHERE (l.sha256, l.generation, l.holder) = (b.sha256, b.generation, p_holder))
      ORDER BY b.sha256 FOR SHARE OF b;
    GET DIAGNOSTICS held = ROW_COUNT;
    IF held < (SELECT count(*) FROM blobs_in(p_blobs)) THEN
        RAISE EXCEPTION '% has no lease on all of its blobs', p_holder USING ERRCODE = 'LT007';
    END IF;
END $$;

-- Makes a manifest, and keeps it until the transaction ends, with the content that it is given: a
-- collector may have dropped that of one whose bytes nobody needed any more, and another one than
-- that is damaged.
CREATE FUNCTION hold_manifest(p jsonb)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    given bytea := decode(p->>'content', 'base64');
    there manifests;
BEGIN
    LOOP                                             -- a collector may drop one that has no version
        INSERT INTO manifests (digest, body, size, content)
            VALUES (p->>'digest', p->>'manifest', (p->>'size')::bigint, given)
            ON CONFLICT DO NOTHING;
        EXIT WHEN FOUND;
        SELECT * INTO there FROM manifests WHERE digest = p->>'digest' FOR KEY SHARE;
        CONTINUE WHEN NOT FOUND;
        IF given IS NOT NULL AND (there.damaged OR given IS DISTINCT FROM there.content) THEN
            UPDATE manifests SET content = given, damaged = false WHERE digest = p->>'digest';
        END IF;
        EXIT;
    END LOOP;
    INSERT INTO manifest_blobs (digest, sha256)
        SELECT p->>'digest', sha256 FROM blobs_in(p->'blobs') ON CONFLICT DO NOTHING;
END $$;

-- A new version of an artifact, or the one that bears the name already with the same bytes.
CREATE OR REPLACE FUNCTION publish_version(p jsonb, p_run uuid, p_step text, p_n integer)
RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    the_artifact uuid;
    the_number   bigint;
    existing     artifact_versions;
    made         uuid;
BEGIN
    IF p->'blobs' NOT IN ('{}', '[]') THEN
        PERFORM hold_blobs(coalesce(p->>'lease', concat_ws('/', p_run, p_step, p_n)), p->'blobs');
    END IF;
    INSERT INTO artifacts AS a (name, next_version) VALUES (p->>'artifact', 2)
        ON CONFLICT (name) DO UPDATE SET next_version = a.next_version + 1
        RETURNING id, next_version - 1 INTO the_artifact, the_number;
    SELECT * INTO existing FROM artifact_versions
     WHERE id = (p->>'id')::uuid;                    -- sent again, because the answer was lost
    IF NOT FOUND AND p->>'version' IS NOT NULL THEN
        SELECT * INTO existing FROM artifact_versions
         WHERE artifact_id = the_artifact AND version_name = p->>'version' FOR KEY SHARE;
    END IF;
    IF existing.id IS NOT NULL AND existing.digest <> p->>'digest' THEN
        RAISE EXCEPTION 'version % of the artifact % exists with other bytes',
            p->>'version', p->>'artifact'
            USING ERRCODE = 'LT004',
                  DETAIL = jsonb_build_object('artifact', p->>'artifact',
                                              'version', p->>'version',
                                              'digest', existing.digest,
                                              'number', existing.number)::text;
    END IF;
    PERFORM hold_manifest(p);
    IF existing.id IS NOT NULL THEN
        UPDATE artifacts SET next_version = next_version - 1 WHERE id = the_artifact;
        DELETE FROM discarded_versions WHERE artifact_version_id = existing.id;
        RETURN existing.id;
    END IF;
    INSERT INTO artifact_versions (id, artifact_id, number, version_name, digest, kind, pickled,
                                   tags, run_id, step, attempt)
        VALUES (coalesce((p->>'id')::uuid, version_uuid()), the_artifact, the_number,
                p->>'version', p->>'digest', p->>'kind',
                coalesce((p->>'pickled')::boolean, false),
                ARRAY(SELECT jsonb_array_elements_text(coalesce(p->'tags', '[]'))),
                p_run, p_step, p_n)
        RETURNING id INTO made;
    IF p->'metadata' <> '{}' THEN
        INSERT INTO metadata (artifact_version_id, key, value, by_run, by_step)
            SELECT made, key, value, p_run, p_step FROM jsonb_each(p->'metadata');
    END IF;
    RETURN made;
END $$;
