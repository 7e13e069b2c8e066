//! A record as columns.

use routing::record::{Costing, Tokens};
use routing::{Outcome, Record};
use rusqlite::{Connection, params};
use serde::Serialize;

use crate::{Entry, rollup};

/// A row of an id that is there already is left as it is: a request is recorded exactly once.
const INSERT: &str = "INSERT OR IGNORE INTO requests VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,
    ?17,?18,?19,?20,?21,?22,?23,?24,?25,?26,?27,?28,?29,?30,?31,?32,?33,?34,?35,?36,NULL,NULL,NULL,NULL,?37,?38)";
const INSERT_TEXT: &str = "INSERT OR IGNORE INTO texts VALUES (?1,?2,?3)";

/// Writes an entry within the transaction that the caller holds. `false`: a row of this id was there already.
pub(crate) fn insert(connection: &Connection, entry: &Entry) -> rusqlite::Result<bool> {
    let record = &entry.record;
    let id = record.id.to_be_bytes();
    let judge = record.classifier.as_ref();
    let rows = connection.prepare_cached(INSERT)?.execute(params![
        id,
        record.time_us,
        record.key,
        record.endpoint,
        record.router,
        record.requested_model,
        record.category,
        record.confidence,
        record.decided_by.map(routing::DecidedBy::word),
        signed(record.decision_us),
        json(&record.chain),
        attempts(record),
        judge.map(|judge| &judge.model),
        judge.map(|judge| judge.outcome),
        judge.map(|judge| signed(judge.usage.input)),
        judge.map(|judge| signed(judge.usage.output)),
        judge.map(|judge| signed(judge.cost.0)),
        judge.map(|judge| signed(judge.total_us)),
        record.model,
        record.fallback,
        record.stream,
        record.status,
        record.error,
        signed(record.usage.input),
        signed(record.usage.cached),
        signed(record.usage.output),
        signed(record.usage.reasoning),
        match record.tokens {
            Tokens::Measured => "measured",
            Tokens::Estimated => "estimated",
        },
        signed(record.cost.0),
        match record.costing {
            Costing::Measured => "measured",
            Costing::Estimated => "estimated",
            Costing::Unpriced => "unpriced",
        },
        record.baseline_cost.map(|cost| signed(cost.0)),
        record.first_token_us.map(signed),
        signed(record.total_us),
        signed(record.overhead_us),
        record.session,
        record.metadata,
        record.speculation.map(routing::record::Speculation::word),
        record.tools,
    ])?;
    if let Some(text) = &entry.text {
        connection.prepare_cached(INSERT_TEXT)?.execute(params![id, text.prompt, text.answer])?;
    }
    Ok(rows > 0)
}

/// Forgets at most so many rows from before a time, with everything that belongs to them; how many there were.
pub(crate) fn forget(connection: &Connection, time_us: i64, most: usize) -> rusqlite::Result<usize> {
    let id = first_id_at(time_us);
    let transaction = connection.unchecked_transaction()?;
    let old = "SELECT id FROM requests WHERE id < ?1 ORDER BY id LIMIT ?2";
    let arguments = params![id, i64::try_from(most).unwrap_or(i64::MAX)];
    for table in ["texts", "shadows", "labels", "judgements"] {
        transaction.prepare_cached(&format!("DELETE FROM {table} WHERE id IN ({old})"))?.execute(arguments)?;
    }
    let rows = transaction.prepare_cached(&format!("DELETE FROM requests WHERE id IN ({old})"))?.execute(arguments)?;
    if rows < most {
        // The last of them: of the hour that the time lies in, some rows stay.
        let hour = rollup::hour_of(u128::from_be_bytes(id));
        transaction.execute("DELETE FROM rollups WHERE hour < ?1", [hour])?;
        // What is of a request that never had a row, because too many waited, goes by its own age.
        for table in ["texts", "shadows", "labels", "judgements"] {
            transaction.execute(&format!("DELETE FROM {table} WHERE id < ?1"), [id])?;
        }
        if rows > 0 {
            rollup::again(&transaction, hour..hour + 1)?;
        }
    }
    transaction.commit()?;
    Ok(rows)
}

/// The smallest id of a row of that time: the first 48 bits of an id are its time in milliseconds.
pub(crate) fn first_id_at(time_us: i64) -> [u8; 16] {
    let milliseconds = u128::try_from(time_us / 1_000).unwrap_or(0).min((1 << 48) - 1);
    (milliseconds << 80).to_be_bytes()
}

/// SQLite's integers are signed; amounts beyond nine billion billion stop there.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// An attempt as it stands in its column.
#[derive(Serialize)]
struct AttemptJson<'a> {
    model: &'a str,
    outcome: &'static str,
    status: Option<u16>,
    first_token_us: Option<u64>,
    total_us: u64,
    input_tokens: u64,
    output_tokens: u64,
    cost_nano_usd: u64,
}

fn attempts(record: &Record) -> String {
    let rows = record.attempts.iter().map(|row| {
        let attempt = &row.attempt;
        let status = match attempt.outcome {
            Outcome::Refused { status, .. } => Some(status),
            Outcome::Answered | Outcome::Broken => Some(200),
            Outcome::Unreachable | Outcome::TimedOut | Outcome::OutOfTime | Outcome::Nonsense | Outcome::Abandoned => {
                None
            }
        };
        AttemptJson {
            model: &row.model,
            outcome: attempt.outcome.word(),
            status,
            first_token_us: attempt.first_token_us,
            total_us: attempt.total_us,
            input_tokens: attempt.usage.input,
            output_tokens: attempt.usage.output,
            cost_nano_usd: attempt.cost.0,
        }
    });
    json(&rows.collect::<Vec<_>>())
}

/// Strings and numbers always serialize.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
