-- Sums of the rows of an hour that have router, key, category and model in common; '' stands for none. What a tally
-- holds is `routing::Tally`, behind a byte with its format.
CREATE TABLE rollups (
    hour INTEGER NOT NULL,               -- since the Unix epoch, of the id
    router TEXT NOT NULL,
    key TEXT NOT NULL,
    category TEXT NOT NULL,
    model TEXT NOT NULL,
    tally BLOB NOT NULL,
    PRIMARY KEY (hour, router, key, category, model)
) WITHOUT ROWID;

-- What another classifier would have said, without anybody having acted on it.
CREATE TABLE shadows (
    id BLOB PRIMARY KEY NOT NULL,        -- the request's
    classifier TEXT NOT NULL,            -- embedded, llm, cascade
    category TEXT,                       -- NULL: it said nothing
    confidence REAL,
    cost_nano_usd INTEGER NOT NULL,      -- of a model that was asked
    took_us INTEGER NOT NULL
) WITHOUT ROWID;

-- Labels that people gave to a sample of the requests.
CREATE TABLE labels (
    id BLOB PRIMARY KEY NOT NULL,        -- the request's
    label TEXT NOT NULL,
    time_us INTEGER NOT NULL             -- when it was given
) WITHOUT ROWID;

-- What a judge said of a route's answer beside the baseline's, asked in both orders.
CREATE TABLE judgements (
    id BLOB PRIMARY KEY NOT NULL,        -- the request's
    category TEXT NOT NULL,
    model TEXT NOT NULL,
    baseline TEXT NOT NULL,
    judge TEXT NOT NULL,
    first REAL,                          -- with the route's answer first: 1 it is better, 0.5 as good, 0 worse; NULL: nonsense
    second REAL,                         -- with the baseline's answer first
    cost_nano_usd INTEGER NOT NULL,      -- of both answers and both judgements
    time_us INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX feedback ON requests (id)
    WHERE feedback_score IS NOT NULL OR feedback_label IS NOT NULL OR feedback_comment IS NOT NULL;
