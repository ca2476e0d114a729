-- The writes that must be whole. Error codes, mapped by the adapter:
--   LT001 the attempt is not (or no longer) the caller's     LT002 a stage is held by another version
--   LT003 the incumbent is not the expected one              LT004 a version name is taken
--   LT005 something named does not exist                     LT006 the stage is protected from steps
--   LT007 a lease on blobs ran out, and they may be gone

-- Holds the attempt's row for the rest of the transaction, or refuses: the fence.
CREATE FUNCTION hold_attempt(p_run uuid, p_step text, p_n integer, p_holder text)
RETURNS attempts LANGUAGE plpgsql AS $$
DECLARE
    held attempts;
    seen attempts;
BEGIN
    SELECT * INTO held FROM attempts
     WHERE run_id = p_run AND step = p_step AND n = p_n
       AND state IN ('open', 'began') AND holder = p_holder
       FOR UPDATE;
    IF FOUND THEN
        RETURN held;
    END IF;
    SELECT * INTO seen FROM attempts WHERE run_id = p_run AND step = p_step AND n = p_n;
    RAISE EXCEPTION 'attempt % of step % is not held by %', p_n, p_step, p_holder
        USING ERRCODE = 'LT001',
              DETAIL = jsonb_build_object('state', seen.state, 'cause', seen.cause)::text;
END $$;

-- A new version of a model; the model's row is locked, so that numbers come in order of commits.
CREATE FUNCTION new_model_version(p_model text, p_name text, p_run uuid, p_status text,
                                  p_description text, p_tags text[])
RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    the_model  uuid;
    the_number bigint;
    made       uuid;
BEGIN
    INSERT INTO models (name, description) VALUES (p_model, p_description)
        ON CONFLICT (name) DO NOTHING;
    UPDATE models SET next_version = next_version + 1 WHERE name = p_model
        RETURNING id, next_version - 1 INTO the_model, the_number;
    SELECT id INTO made FROM model_versions
     WHERE model_id = the_model
       AND (version_name = p_name OR (p_name IS NULL AND version_name IS NULL AND run_id = p_run));
    IF FOUND THEN
        UPDATE models SET next_version = next_version - 1 WHERE id = the_model;
        RETURN made;
    END IF;
    INSERT INTO model_versions (model_id, number, version_name, run_id, description, tags)
        VALUES (the_model, the_number, p_name, p_run, p_description, coalesce(p_tags, '{}'))
        RETURNING id INTO made;
    INSERT INTO model_version_states (model_version_id, model_id, number, status)
        VALUES (made, the_model, the_number, p_status);
    RETURN made;
END $$;

-- The version that a run makes of a model it gives no version of: made once, shared by its steps.
CREATE FUNCTION own_model_version(p_run uuid, p_model jsonb)
RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    made uuid;
BEGIN
    SELECT v.id INTO made
      FROM model_versions v JOIN models m ON m.id = v.model_id
     WHERE m.name = p_model->>'name'
       AND CASE WHEN p_model->>'version' IS NULL THEN v.run_id = p_run AND v.version_name IS NULL
                ELSE v.version_name = p_model->>'version' END;
    IF FOUND THEN
        RETURN made;
    END IF;
    RETURN new_model_version(p_model->>'name', p_model->>'version', p_run, 'open',
                             p_model->>'description',
                             ARRAY(SELECT jsonb_array_elements_text(coalesce(p_model->'tags', '[]'))));
END $$;

-- Before user code: marks the attempt as begun and makes the run's own model version.
CREATE FUNCTION begin_attempt(p jsonb)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    held attempts;
    own  uuid;
BEGIN
    held := hold_attempt((p->>'run')::uuid, p->>'step', (p->>'n')::integer, p->>'holder');
    own := held.model_version_id;
    IF own IS NULL AND p ? 'model' THEN
        own := own_model_version(held.run_id, p->'model');
    END IF;
    UPDATE attempts
       SET state = 'began', began_at = coalesce(began_at, clock_timestamp()), model_version_id = own
     WHERE run_id = held.run_id AND step = held.step AND n = held.n;
    UPDATE steps SET phase = 'Running', reason = NULL, message = NULL
     WHERE run_id = held.run_id AND name = held.step;
    RETURN jsonb_build_object('model_version', own);
END $$;

-- A new version of an artifact, or the one that bears the name already with the same bytes.
CREATE FUNCTION publish_version(p jsonb, p_run uuid, p_step text, p_n integer)
RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    the_artifact uuid;
    the_number   bigint;
    existing     artifact_versions;
    made         uuid;
BEGIN
    PERFORM hold_blobs(coalesce(p->>'lease', concat_ws('/', p_run, p_step, p_n)), p->'blobs');
    INSERT INTO artifacts AS a (name, next_version) VALUES (p->>'artifact', 2)
        ON CONFLICT (name) DO UPDATE SET next_version = a.next_version + 1
        RETURNING id, next_version - 1 INTO the_artifact, the_number;
    SELECT * INTO existing FROM artifact_versions
     WHERE id = (p->>'id')::uuid;                    -- sent again, because the answer was lost
    IF NOT FOUND AND p->>'version' IS NOT NULL THEN
        SELECT * INTO existing FROM artifact_versions
         WHERE artifact_id = the_artifact AND version_name = p->>'version' FOR KEY SHARE;
    END IF;
    IF existing.digest = p->>'digest' THEN
        UPDATE artifacts SET next_version = next_version - 1 WHERE id = the_artifact;
        DELETE FROM discarded_versions WHERE artifact_version_id = existing.id;
        RETURN existing.id;
    ELSIF existing.id IS NOT NULL THEN
        RAISE EXCEPTION 'version % of the artifact % exists with other bytes',
            p->>'version', p->>'artifact'
            USING ERRCODE = 'LT004',
                  DETAIL = jsonb_build_object('artifact', p->>'artifact',
                                              'version', p->>'version',
                                              'digest', existing.digest,
                                              'number', existing.number)::text;
    END IF;
    LOOP                                             -- a collector may drop one that has no version
        INSERT INTO manifests (digest, body, size)
            VALUES (p->>'digest', p->>'manifest', (p->>'size')::bigint) ON CONFLICT DO NOTHING;
        EXIT WHEN FOUND;
        PERFORM FROM manifests WHERE digest = p->>'digest' FOR KEY SHARE;
        EXIT WHEN FOUND;
    END LOOP;
    INSERT INTO manifest_blobs (digest, sha256)
        SELECT p->>'digest', sha FROM jsonb_array_elements_text(p->'blobs') AS sha
        ON CONFLICT DO NOTHING;
    INSERT INTO artifact_versions (id, artifact_id, number, version_name, digest, kind, pickled,
                                   tags, run_id, step, attempt)
        VALUES (coalesce((p->>'id')::uuid, gen_random_uuid()), the_artifact, the_number,
                p->>'version', p->>'digest', p->>'kind',
                coalesce((p->>'pickled')::boolean, false),
                ARRAY(SELECT jsonb_array_elements_text(coalesce(p->'tags', '[]'))),
                p_run, p_step, p_n)
        RETURNING id INTO made;
    INSERT INTO metadata (artifact_version_id, key, value, by_run, by_step)
        SELECT made, key, value, p_run, p_step FROM jsonb_each(coalesce(p->'metadata', '{}'));
    RETURN made;
END $$;

-- Links an artifact version to a model version; a second link of the same pair changes nothing.
CREATE FUNCTION link_version(p_model_version uuid, p_version uuid, p_run uuid)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO model_links (model_version_id, artifact_version_id, artifact_id, number,
                             by_producer, run_id)
    SELECT p_model_version, v.id, v.artifact_id, v.number,
           coalesce((SELECT m.run_id = p_run FROM model_versions m WHERE m.id = p_model_version), false),
           p_run
      FROM artifact_versions v WHERE v.id = p_version
    ON CONFLICT DO NOTHING;
$$;

-- A version that is committed by itself: in a step behind the fence, linked to its model version.
CREATE FUNCTION publish_alone(p jsonb, p_run uuid, p_step text, p_n integer, p_holder text)
RETURNS SETOF artifact_versions LANGUAGE plpgsql AS $$
DECLARE
    held attempts;
    made uuid;
BEGIN
    IF p_run IS NOT NULL THEN
        held := hold_attempt(p_run, p_step, p_n, p_holder);
    END IF;
    made := publish_version(p, p_run, p_step, p_n);
    IF held.model_version_id IS NOT NULL THEN
        PERFORM link_version(held.model_version_id, made, p_run);
    END IF;
    RETURN QUERY SELECT * FROM artifact_versions WHERE id = made;
END $$;

-- Moves a model version to a stage. The model's row is locked first, so that the incumbent that is
-- checked is the one that is replaced.
CREATE FUNCTION set_stage(p jsonb, p_run uuid, p_step text, p_n integer)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    the_version uuid := (p->>'model_version')::uuid;
    the_model   models;
    target      text := p->>'stage';
    mine        model_version_states;
    incumbent   record;
    event       bigint;
BEGIN
    SELECT * INTO the_model FROM models
     WHERE id = (SELECT model_id FROM model_versions WHERE id = the_version) FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no model version %', the_version USING ERRCODE = 'LT005';
    END IF;
    SELECT * INTO mine FROM model_version_states WHERE model_version_id = the_version;
    SELECT s.model_version_id AS id, v.number, v.version_name,
           coalesce(v.version_name, v.number::text) AS version INTO incumbent
      FROM model_version_states s JOIN model_versions v ON v.id = s.model_version_id
     WHERE s.model_id = the_model.id AND s.stage = target AND target IN ('staging', 'production');
    IF p->>'expect' IS NOT NULL
       AND p->>'expect' IS DISTINCT FROM incumbent.number::text
       AND p->>'expect' IS DISTINCT FROM incumbent.version_name
       AND NOT (p->>'expect' = 'none' AND incumbent.id IS NULL) THEN
        RAISE EXCEPTION 'the incumbent is not the expected one' USING ERRCODE = 'LT003',
            DETAIL = jsonb_build_object('model', the_model.name, 'stage', target,
                                        'expected', p->>'expect',
                                        'incumbent', incumbent.version)::text;
    END IF;
    IF mine.stage = target THEN
        RETURN mine.stage_event;
    END IF;
    IF p_run IS NOT NULL AND EXISTS (SELECT FROM protected_stages s WHERE s.model_id = the_model.id
                                        AND s.stage IN (mine.stage, target)) THEN
        RAISE EXCEPTION 'the stage is protected' USING ERRCODE = 'LT006',
            DETAIL = jsonb_build_object('model', the_model.name, 'from', mine.stage,
                                        'to', target)::text;
    END IF;
    IF incumbent.id IS NOT NULL THEN
        IF NOT coalesce((p->>'force')::boolean, false) THEN
            RAISE EXCEPTION 'the stage is taken' USING ERRCODE = 'LT002',
                DETAIL = jsonb_build_object('model', the_model.name, 'stage', target,
                                            'incumbent', incumbent.version)::text;
        END IF;
        INSERT INTO stage_events (model_id, model_version_id, from_stage, to_stage, by, run_id, step, attempt)
            VALUES (the_model.id, incumbent.id, target, 'archived', p->>'by', p_run, p_step, p_n)
            RETURNING id INTO event;
        UPDATE model_version_states SET stage = 'archived', stage_event = event
         WHERE model_version_id = incumbent.id;
    END IF;
    INSERT INTO stage_events (model_id, model_version_id, from_stage, to_stage, by, run_id, step, attempt)
        VALUES (the_model.id, the_version, mine.stage, target, p->>'by', p_run, p_step, p_n)
        RETURNING id INTO event;
    UPDATE model_version_states SET stage = target, stage_event = event
     WHERE model_version_id = the_version;
    RETURN event;
END $$;

-- Logs metadata on whatever a target names: one row a key, the newest counts.
CREATE FUNCTION log_metadata(p_target jsonb, p_values jsonb, p_run uuid, p_step text)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO metadata (artifact_version_id, model_version_id, run_id, step, key, value, by_run, by_step)
    SELECT (p_target->>'artifact_version')::uuid, (p_target->>'model_version')::uuid,
           (p_target->>'run')::uuid, p_target->>'step', key, value, p_run, p_step
      FROM jsonb_each(p_values);
$$;

-- The one way in which an attempt ends by itself: outputs, links, metadata, promotions and the
-- attempt's own state commit together. On the laptop, in a Pod and for cached steps alike.
CREATE FUNCTION commit_attempt(p jsonb)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    held      attempts;
    item      jsonb;
    made      uuid;
    versions  jsonb := '{}';
    place     integer := 0;
    committed boolean := p->>'state' = 'committed';
    wanted    text;
BEGIN
    IF p ? 'model' THEN
        PERFORM begin_attempt(p);                    -- a cached step begins and commits at once
    END IF;
    held := hold_attempt((p->>'run')::uuid, p->>'step', (p->>'n')::integer, p->>'holder');
    IF committed THEN
        -- Counters are locked in the order of their ids, so that two attempts cannot deadlock.
        INSERT INTO artifacts (name)
            SELECT DISTINCT o->>'artifact' FROM jsonb_array_elements(p->'outputs') AS o
             WHERE o ? 'artifact' ORDER BY 1
            ON CONFLICT (name) DO NOTHING;
        PERFORM 1 FROM artifacts
          WHERE name IN (SELECT o->>'artifact' FROM jsonb_array_elements(p->'outputs') AS o)
          ORDER BY id FOR NO KEY UPDATE;
        FOR item IN SELECT * FROM jsonb_array_elements(p->'outputs') LOOP
            made := coalesce((item->>'artifact_version')::uuid,
                             publish_version(item, held.run_id, held.step, held.n));
            INSERT INTO attempt_outputs (run_id, step, attempt, output, position, artifact_version_id)
                VALUES (held.run_id, held.step, held.n, item->>'output', place, made);
            versions := versions || jsonb_build_object(item->>'output', made);
            place := place + 1;
            IF held.model_version_id IS NOT NULL THEN
                PERFORM link_version(held.model_version_id, made, held.run_id);
            END IF;
        END LOOP;
        FOR item IN SELECT * FROM jsonb_array_elements(coalesce(p->'links', '[]')) LOOP
            IF held.model_version_id IS NOT NULL THEN
                PERFORM link_version(held.model_version_id, (item #>> '{}')::uuid, held.run_id);
            END IF;
        END LOOP;
        FOR item IN SELECT * FROM jsonb_array_elements(coalesce(p->'metadata', '[]')) LOOP
            CONTINUE WHEN item->'target' ? 'other_model_than'
                      AND (held.model_version_id IS NULL OR
                           held.model_version_id = (item->'target'->>'other_model_than')::uuid);
            PERFORM log_metadata(
                CASE WHEN item->'target' ? 'output'
                     THEN jsonb_build_object('artifact_version', versions->(item->'target'->>'output'))
                     WHEN item->'target' ? 'other_model_than'
                     THEN jsonb_build_object('model_version', held.model_version_id)
                     ELSE jsonb_build_object('run', held.run_id, 'step', held.step) END,
                item->'values', held.run_id, held.step);
        END LOOP;
        FOR item IN SELECT value FROM jsonb_array_elements(coalesce(p->'promotions', '[]'))
                                      WITH ORDINALITY AS promotions(value, place)
                     ORDER BY value->>'model', promotions.place LOOP
            PERFORM set_stage(item, held.run_id, held.step, held.n);
        END LOOP;
        UPDATE receipts r SET moved = true
          FROM jsonb_array_elements(coalesce(p->'moved', '[]')) AS m
         WHERE r.run_id = held.run_id AND r.step = held.step AND r.attempt = held.n
           AND r.kind = m->>'kind' AND r.input = m->>'input' AND r.path = m->>'path'
           AND r.reference = m->'reference'
           AND r.artifact_version_id IS NOT DISTINCT FROM (m->>'artifact_version')::uuid
           AND r.model_version_id IS NOT DISTINCT FROM (m->>'model_version')::uuid;
    END IF;
    UPDATE attempts
       SET state = p->>'state', cause = p->>'cause',
           began_at = CASE WHEN committed THEN coalesce(began_at, clock_timestamp()) ELSE began_at END, error = nullif(p->'error', 'null'),
           log = nullif(p->'log', 'null'), ended_at = clock_timestamp(),
           cacheable = committed AND coalesce((p->>'cacheable')::boolean, false),
           cached_from = nullif(p->'cached_from', 'null'),
           promoted = jsonb_array_length(coalesce(p->'promotions', '[]')) > 0
     WHERE run_id = held.run_id AND step = held.step AND n = held.n;
    UPDATE steps SET phase = p->>'phase', reason = p->>'reason', message = p->>'message'
     WHERE run_id = held.run_id AND name = held.step;
    PERFORM pg_notify('lateen_attempt', held.run_id || ' ' || held.step);
    SELECT desired INTO wanted FROM runs WHERE id = held.run_id;
    RETURN jsonb_build_object('outputs', versions, 'desired', wanted);
END $$;

-- Ends an attempt from outside; from then on its holder can write nothing.
CREATE FUNCTION fence_attempt(p_run uuid, p_step text, p_n integer, p_cause text, p_error jsonb)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    UPDATE attempts
       SET state = 'fenced', cause = p_cause, error = p_error, ended_at = clock_timestamp()
     WHERE run_id = p_run AND step = p_step AND n = p_n AND state IN ('open', 'began');
    RETURN FOUND;
END $$;

-- Ends a run: its number, its phase and the status of the model versions that it made, at once.
CREATE FUNCTION finish_run(p jsonb)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    the_run  uuid := (p->>'run')::uuid;
    place    bigint;
BEGIN
    PERFORM 1 FROM runs WHERE id = the_run AND finished_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    UPDATE pipelines SET next_finished = next_finished + 1
     WHERE id = (SELECT pipeline_id FROM runs WHERE id = the_run)
        RETURNING next_finished - 1 INTO place;
    UPDATE runs
       SET phase = p->>'phase', reason = p->>'reason', message = p->>'message',
           error = nullif(p->'error', 'null'), finished_number = place,
           finished_at = clock_timestamp()
     WHERE id = the_run;
    UPDATE model_version_states
       SET status = CASE WHEN p->>'phase' = 'Succeeded' THEN 'ready' ELSE 'failed' END
     WHERE status = 'open'
       AND model_version_id IN (SELECT id FROM model_versions WHERE run_id = the_run);
    -- A named version that a failed run left is good once a run that works on it succeeds.
    UPDATE model_version_states SET status = 'ready'
     WHERE p->>'phase' = 'Succeeded' AND status = 'failed'
       AND model_version_id IN (
            SELECT v.id FROM attempts a JOIN model_versions v ON v.id = a.model_version_id
             WHERE a.run_id = the_run AND a.state = 'committed' AND v.version_name IS NOT NULL);
    UPDATE steps SET phase = item.value->>'phase', reason = item.value->>'reason',
                     message = item.value->>'message'
      FROM jsonb_each(coalesce(p->'steps', '{}')) AS item
     WHERE steps.run_id = the_run AND steps.name = item.key
       AND steps.phase IN ('Pending', 'Waiting', 'Running');
    PERFORM pg_notify('lateen_run', the_run::text);
    RETURN place;
END $$;
