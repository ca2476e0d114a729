-- Runs whose references are fixed as a whole: `freshness: run`, and replays of other runs.

ALTER TABLE runs
    ADD COLUMN pinned_at timestamptz,                -- when the references of all steps were fixed
    ADD COLUMN replay_of uuid REFERENCES runs ON DELETE SET NULL;

ALTER TABLE steps
    ADD COLUMN waiting_since timestamptz;            -- since when its references match nothing yet

CREATE TABLE run_pins (
    run_id              uuid NOT NULL REFERENCES runs ON DELETE CASCADE,
    step                text NOT NULL,
    kind                text NOT NULL CHECK (kind IN ('input', 'read')),
    input               text NOT NULL,
    path                text NOT NULL DEFAULT '',
    reference           jsonb NOT NULL,
    artifact_version_id uuid REFERENCES artifact_versions ON DELETE RESTRICT,
    model_version_id    uuid REFERENCES model_versions ON DELETE RESTRICT,
    stage_event         bigint REFERENCES stage_events ON DELETE RESTRICT,
    digest              text,
    value               jsonb,
    has_value           boolean NOT NULL DEFAULT false,
    snapshot            pg_snapshot NOT NULL DEFAULT pg_current_snapshot(),
    resolved_at         timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- For the question why an attempt under the same key did not serve another.
CREATE INDEX attempts_that_ran ON attempts (cache_key)
    WHERE state = 'committed' AND cached_from IS NULL;

CREATE INDEX run_pins_of_step ON run_pins (run_id, step);
CREATE INDEX run_pins_by_artifact ON run_pins (artifact_version_id);
CREATE INDEX run_pins_by_model ON run_pins (model_version_id);
