-- One row a request. The id is a UUIDv7: it orders rows by time, so periods are ranges of the primary key.
CREATE TABLE requests (
    id BLOB PRIMARY KEY NOT NULL,
    time_us INTEGER NOT NULL,
    key TEXT,
    endpoint TEXT NOT NULL,
    router TEXT,
    requested_model TEXT NOT NULL,
    category TEXT,
    confidence REAL,
    decided_by TEXT,
    decision_us INTEGER NOT NULL,
    chain TEXT NOT NULL,                 -- JSON: aliases
    attempts TEXT NOT NULL,              -- JSON: one object an attempt
    classifier_model TEXT,
    classifier_outcome TEXT,
    classifier_input_tokens INTEGER,
    classifier_output_tokens INTEGER,
    classifier_cost_nano_usd INTEGER,
    classifier_us INTEGER,
    model TEXT,
    fallback INTEGER NOT NULL,
    stream INTEGER NOT NULL,
    status INTEGER NOT NULL,
    error TEXT,
    input_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    reasoning_tokens INTEGER NOT NULL,
    tokens TEXT NOT NULL,                -- measured, estimated
    cost_nano_usd INTEGER NOT NULL,
    costing TEXT NOT NULL,               -- measured, estimated, unpriced
    baseline_cost_nano_usd INTEGER,
    first_token_us INTEGER,
    total_us INTEGER NOT NULL,
    overhead_us INTEGER NOT NULL,
    session TEXT,
    metadata TEXT,                       -- JSON, the caller's
    feedback_score REAL,
    feedback_label TEXT,
    feedback_comment TEXT,
    judge_score REAL
) WITHOUT ROWID;

CREATE TABLE texts (
    id BLOB PRIMARY KEY NOT NULL,
    prompt TEXT,
    answer TEXT
) WITHOUT ROWID;
