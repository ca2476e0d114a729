-- The catalog: what ran, what it read, what it made, and which model version stood where.
-- One database is one workspace. Rows of versions, receipts and events are written once.

CREATE TABLE specs (
    digest      text PRIMARY KEY,
    body        text NOT NULL,                       -- canonical JSON; the digest covers these bytes
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE pipelines (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name          text NOT NULL UNIQUE,
    next_finished bigint NOT NULL DEFAULT 1          -- the number that the next finished run gets
);

CREATE TABLE models (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name         text NOT NULL UNIQUE,
    next_version bigint NOT NULL DEFAULT 1,
    description  text,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE runs (
    id              uuid PRIMARY KEY,
    name            text NOT NULL UNIQUE,
    pipeline_id     uuid NOT NULL REFERENCES pipelines ON DELETE RESTRICT,
    spec_digest     text NOT NULL REFERENCES specs ON DELETE RESTRICT,
    parameters      jsonb NOT NULL DEFAULT '{}',
    target          text NOT NULL,
    submitted_by    text,
    source          text,                            -- where the pipeline was compiled from
    desired         text NOT NULL DEFAULT 'Running'
                    CHECK (desired IN ('Running', 'Paused', 'Stopped', 'Cancelled')),
    phase           text NOT NULL DEFAULT 'Pending'
                    CHECK (phase IN ('Pending', 'Running', 'Paused', 'Succeeded', 'Failed', 'Cancelled')),
    reason          text,
    message         text,
    error           jsonb,
    finished_number bigint,                          -- given at the commit that finishes the run
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at      timestamptz,
    finished_at     timestamptz,
    UNIQUE (pipeline_id, finished_number)
);
CREATE INDEX runs_by_time ON runs (pipeline_id, created_at, id);
CREATE INDEX runs_all_by_time ON runs (created_at, id);
CREATE INDEX runs_unfinished ON runs (id) WHERE finished_at IS NULL;
CREATE INDEX runs_succeeded ON runs (pipeline_id, finished_number DESC) WHERE phase = 'Succeeded';

CREATE TABLE steps (
    run_id       uuid NOT NULL REFERENCES runs ON DELETE CASCADE,
    name         text NOT NULL,                      -- the DNS name
    history_name text NOT NULL,                      -- the Python name
    position     integer NOT NULL,                   -- in the order of the body
    phase        text NOT NULL DEFAULT 'Pending'
                 CHECK (phase IN ('Pending', 'Waiting', 'Running', 'Cached', 'Succeeded', 'Failed',
                                  'Skipped', 'Cancelled')),
    reason       text,
    message      text,
    PRIMARY KEY (run_id, name)
);

CREATE TABLE model_versions (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    model_id     uuid NOT NULL REFERENCES models ON DELETE RESTRICT,
    number       bigint NOT NULL,
    version_name text,
    run_id       uuid REFERENCES runs ON DELETE SET NULL,   -- the run that made it
    description  text,
    tags         text[] NOT NULL DEFAULT '{}',
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (model_id, number),
    UNIQUE (model_id, version_name)
);
CREATE UNIQUE INDEX one_own_version_a_run ON model_versions (run_id, model_id)
    WHERE version_name IS NULL;

-- What changes about a model version lies beside it, so that the version's own row never changes.
CREATE TABLE model_version_states (
    model_version_id uuid PRIMARY KEY REFERENCES model_versions ON DELETE CASCADE,
    model_id         uuid NOT NULL REFERENCES models ON DELETE RESTRICT,
    number           bigint NOT NULL,
    stage            text NOT NULL DEFAULT 'none'
                     CHECK (stage IN ('none', 'staging', 'production', 'archived')),
    stage_event      bigint,                         -- the event that brought it to its stage
    status           text NOT NULL DEFAULT 'ready' CHECK (status IN ('open', 'ready', 'failed'))
);
CREATE UNIQUE INDEX one_version_a_stage ON model_version_states (model_id, stage)
    WHERE stage IN ('staging', 'production');
CREATE INDEX model_versions_latest ON model_version_states (model_id, number DESC)
    WHERE status = 'ready';
CREATE INDEX model_versions_by_stage ON model_version_states (model_id, stage, number DESC);

CREATE TABLE stage_events (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    model_id         uuid NOT NULL REFERENCES models ON DELETE RESTRICT,
    model_version_id uuid NOT NULL REFERENCES model_versions ON DELETE RESTRICT,
    from_stage       text NOT NULL,
    to_stage         text NOT NULL,
    by               text,                           -- who, as far as is known
    run_id           uuid REFERENCES runs ON DELETE SET NULL,
    step             text,
    attempt          integer,
    xid              xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at               timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX stage_events_of_model ON stage_events (model_id, id);
ALTER TABLE model_version_states ADD FOREIGN KEY (stage_event) REFERENCES stage_events;

-- Stages that steps cannot change.
CREATE TABLE protected_stages (
    model_id uuid NOT NULL REFERENCES models ON DELETE CASCADE,
    stage    text NOT NULL CHECK (stage IN ('none', 'staging', 'production', 'archived')),
    by       text,                                   -- who, as far as is known
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (model_id, stage)
);

-- The fence of an attempt is this row: only its holder writes, only while open or began.
CREATE TABLE attempts (
    run_id           uuid NOT NULL,
    step             text NOT NULL,
    n                integer NOT NULL,
    state            text NOT NULL DEFAULT 'open'
                     CHECK (state IN ('open', 'began', 'committed', 'failed', 'fenced')),
    cause            text,
    holder           text,
    error            jsonb,
    log              jsonb,                          -- where the bounded log lies
    model_version_id uuid REFERENCES model_versions ON DELETE RESTRICT,
    resolution       integer NOT NULL DEFAULT 0,     -- which of its resolutions holds
    cache_key        text,
    cache_parts      jsonb,                          -- what the key was taken over
    cacheable        boolean NOT NULL DEFAULT false, -- may serve hits
    cached_from      jsonb,                          -- the attempt whose outputs these are
    read_in_body     boolean NOT NULL DEFAULT false,
    promoted         boolean NOT NULL DEFAULT false,
    opened_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    resolved_at      timestamptz,
    began_at         timestamptz,
    ended_at         timestamptz,
    PRIMARY KEY (run_id, step, n),
    FOREIGN KEY (run_id, step) REFERENCES steps ON DELETE CASCADE
);
CREATE UNIQUE INDEX a_step_commits_once ON attempts (run_id, step) WHERE state = 'committed';
CREATE INDEX attempts_serving_hits ON attempts (cache_key, ended_at DESC)
    WHERE state = 'committed' AND cacheable;

CREATE TABLE artifacts (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name         text NOT NULL UNIQUE,
    next_version bigint NOT NULL DEFAULT 1
);

CREATE TABLE manifests (
    digest text PRIMARY KEY,
    body   text NOT NULL,                            -- canonical JSON; the digest covers these bytes
    size   bigint NOT NULL
);

CREATE TABLE artifact_versions (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    artifact_id  uuid NOT NULL REFERENCES artifacts ON DELETE RESTRICT,
    number       bigint NOT NULL,
    version_name text,
    digest       text NOT NULL REFERENCES manifests ON DELETE RESTRICT,
    kind         text NOT NULL,
    pickled      boolean NOT NULL DEFAULT false,
    tags         text[] NOT NULL DEFAULT '{}',
    run_id       uuid REFERENCES runs ON DELETE SET NULL,
    step         text,
    attempt      integer,
    xid          xid8 NOT NULL DEFAULT pg_current_xact_id(),
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (artifact_id, number)
);
CREATE UNIQUE INDEX one_version_a_name ON artifact_versions (artifact_id, version_name)
    WHERE version_name IS NOT NULL;
CREATE INDEX artifact_versions_by_digest ON artifact_versions (digest);
CREATE INDEX artifact_versions_by_run ON artifact_versions (run_id);

-- What a step put out: new versions of its own, or those of the attempt it was cached from.
CREATE TABLE attempt_outputs (
    run_id              uuid NOT NULL,
    step                text NOT NULL,
    attempt             integer NOT NULL,
    output              text NOT NULL,
    position            integer NOT NULL,
    artifact_version_id uuid NOT NULL REFERENCES artifact_versions ON DELETE RESTRICT,
    PRIMARY KEY (run_id, step, attempt, output),
    FOREIGN KEY (run_id, step, attempt) REFERENCES attempts ON DELETE CASCADE
);
CREATE INDEX attempt_outputs_by_version ON attempt_outputs (artifact_version_id);

CREATE TABLE model_links (
    model_version_id    uuid NOT NULL REFERENCES model_versions ON DELETE CASCADE,
    artifact_version_id uuid NOT NULL REFERENCES artifact_versions ON DELETE RESTRICT,
    artifact_id         uuid NOT NULL REFERENCES artifacts ON DELETE RESTRICT,
    number              bigint NOT NULL,             -- of the artifact version
    by_producer         boolean NOT NULL,            -- made by the run that made the model version
    run_id              uuid REFERENCES runs ON DELETE SET NULL,
    created_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (model_version_id, artifact_version_id)
);
-- The link that counts: the producer's before others', then the highest number (semantics 16).
CREATE INDEX model_links_that_count
    ON model_links (model_version_id, artifact_id, by_producer DESC, number DESC);
CREATE INDEX model_links_by_artifact ON model_links (artifact_version_id);

CREATE TABLE metadata (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    artifact_version_id uuid REFERENCES artifact_versions ON DELETE CASCADE,
    model_version_id    uuid REFERENCES model_versions ON DELETE CASCADE,
    run_id              uuid REFERENCES runs ON DELETE CASCADE,
    step                text,                        -- with run_id: metadata of the step
    key                 text NOT NULL,
    value               jsonb NOT NULL,
    by_run              uuid REFERENCES runs ON DELETE SET NULL,
    by_step             text,
    created_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (num_nonnulls(artifact_version_id, model_version_id, run_id) = 1)
);
CREATE INDEX metadata_of_artifact ON metadata (artifact_version_id, key, id DESC)
    WHERE artifact_version_id IS NOT NULL;
CREATE INDEX metadata_of_model ON metadata (model_version_id, key, id DESC)
    WHERE model_version_id IS NOT NULL;
CREATE INDEX metadata_of_run ON metadata (run_id, step, key, id DESC) WHERE run_id IS NOT NULL;

CREATE TABLE receipts (
    id                  bigint GENERATED ALWAYS AS IDENTITY,
    run_id              uuid NOT NULL,
    step                text NOT NULL,
    attempt             integer NOT NULL,
    resolution          integer NOT NULL,            -- 0 for reads in the body
    kind                text NOT NULL CHECK (kind IN ('input', 'read')),
    input               text NOT NULL,
    path                text NOT NULL DEFAULT '',
    reference           jsonb NOT NULL,              -- as written
    artifact_version_id uuid REFERENCES artifact_versions ON DELETE RESTRICT,
    model_version_id    uuid REFERENCES model_versions ON DELETE RESTRICT,
    stage_event         bigint REFERENCES stage_events ON DELETE RESTRICT,
    digest              text,
    value               jsonb,
    has_value           boolean NOT NULL DEFAULT false,
    moved               boolean NOT NULL DEFAULT false,
    snapshot            pg_snapshot NOT NULL DEFAULT pg_current_snapshot(),
    resolved_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (run_id, step, attempt, id),
    FOREIGN KEY (run_id, step, attempt) REFERENCES attempts ON DELETE CASCADE
);
CREATE INDEX receipts_by_artifact ON receipts (artifact_version_id)
    WHERE artifact_version_id IS NOT NULL;
CREATE INDEX receipts_by_model ON receipts (model_version_id) WHERE model_version_id IS NOT NULL;

-- One row a generation of a blob. A collector may delete a generation that is neither referenced by
-- a manifest nor leased; a publisher that finds it `deleting` uploads the next one.
CREATE TABLE blobs (
    sha256     text NOT NULL,
    generation integer NOT NULL DEFAULT 1,
    size       bigint NOT NULL,
    state      text NOT NULL DEFAULT 'present' CHECK (state IN ('present', 'deleting')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (sha256, generation)
);

CREATE TABLE manifest_blobs (
    digest text NOT NULL REFERENCES manifests ON DELETE CASCADE,
    sha256 text NOT NULL,
    PRIMARY KEY (digest, sha256)
);
CREATE INDEX manifest_blobs_by_blob ON manifest_blobs (sha256);

CREATE TABLE blob_leases (
    sha256     text NOT NULL,
    generation integer NOT NULL,
    holder     text NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (holder, sha256, generation),
    FOREIGN KEY (sha256, generation) REFERENCES blobs ON DELETE CASCADE
);
