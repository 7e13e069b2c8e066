//! Reading rows back: what reports and the demo add up.

mod texts;
mod period;
mod marks;
mod comparable;
mod replay;

pub use comparable::{Comparable, Conversation};
pub use marks::{Feedbacked, Judgement, Labelled, Shadowed};
pub use period::Origin;
pub(crate) use period::facts_between;
pub use replay::Replayed;
pub use texts::{Kept, Routed};

use std::path::Path;

use routing::{NanoUsd, Usage};
use rusqlite::{Connection, Row, params};

use crate::{LedgerError, schema};

/// A ledger as it is at the first look; what a gateway writes or forgets meanwhile is not seen.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
    /// The version of its schema: tables that came later are missing.
    version: usize,
}

impl Reader {
    /// Opens a ledger that is there, to read only.
    ///
    /// # Errors
    /// When the file is missing, empty, damaged, foreign, or newer than this program.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        let (connection, version) = schema::open_to_read(path)?;
        connection.execute_batch("BEGIN")?;
        Ok(Self { connection, version })
    }

    /// Whether the ledger has what came with the tallies: they, labels, shadows and judgements.
    fn has_tallies(&self) -> bool {
        self.version >= schema::WITH_TALLIES
    }

    /// When its first and its last request came in, microseconds since the Unix epoch; `None`: it has none.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn span(&self) -> rusqlite::Result<Option<(i64, i64)>> {
        // Each end by its own query: both at once would read every row.
        let end = |order: &str| format!("(SELECT time_us FROM requests ORDER BY id {order} LIMIT 1)");
        let sql = format!("SELECT {}, {}", end("ASC"), end("DESC"));
        self.connection.query_row(&sql, [], |row| Ok(row.get::<_, Option<i64>>(0)?.zip(row.get::<_, Option<i64>>(1)?)))
    }
}

/// Confidences are of single precision; the ledger's columns are not.
#[expect(clippy::cast_possible_truncation, reason = "back to what it was")]
fn single(confidence: Option<f64>) -> Option<f32> {
    confidence.map(|confidence| confidence as f32)
}

/// What is read of a request. Names are those of its time; the configuration may have changed since.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Served {
    /// When it came in, microseconds since the Unix epoch.
    pub time_us: i64,
    /// The router; `None` for an override.
    pub router: Option<String>,
    /// The category; `None` for an override.
    pub category: Option<String>,
    /// What decided, by its word.
    pub decided_by: Option<String>,
    /// How sure the classifier was.
    pub confidence: Option<f64>,
    /// The model that answered.
    pub model: Option<String>,
    /// Whether that was not the chain's first.
    pub fallback: bool,
    /// The HTTP status the client got.
    pub status: u16,
    /// The error's code, where it ended in one.
    pub error: Option<String>,
    /// Tokens of all attempts.
    pub usage: Usage,
    /// Cost of all attempts.
    pub cost: NanoUsd,
    /// Cost of the model that was asked for the category; not in `cost`.
    pub classifier_cost: NanoUsd,
    /// What the same tokens cost at the baseline's price.
    pub baseline_cost: Option<NanoUsd>,
    /// To find a category and a chain, microseconds.
    pub decision_us: u64,
    /// To the first useful byte, microseconds.
    pub first_token_us: Option<u64>,
    /// To the end, microseconds.
    pub total_us: u64,
    /// The caller's metadata, as JSON.
    pub metadata: Option<String>,
}

const SELECT: &str = "SELECT time_us, router, category, decided_by, confidence, model, fallback, status, error,
    input_tokens, cached_tokens, output_tokens, reasoning_tokens, cost_nano_usd, classifier_cost_nano_usd,
    baseline_cost_nano_usd, decision_us, first_token_us, total_us, metadata FROM requests WHERE id >= ?1 ORDER BY id";

/// Calls `each` with the rows since a time (microseconds since the Unix epoch), oldest first.
///
/// # Errors
/// When the database cannot be read.
pub fn served_since(connection: &Connection, time_us: i64, each: &mut dyn FnMut(Served)) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(SELECT)?;
    let mut rows = statement.query(params![crate::row::first_id_at(time_us)])?;
    while let Some(row) = rows.next()? {
        each(served(row)?);
    }
    Ok(())
}

fn served(row: &Row<'_>) -> rusqlite::Result<Served> {
    let unsigned = |column: &str| row.get::<_, i64>(column).map(i64::unsigned_abs);
    let maybe = |column: &str| row.get::<_, Option<i64>>(column).map(|value| value.map(i64::unsigned_abs));
    Ok(Served {
        time_us: row.get("time_us")?,
        router: row.get("router")?,
        category: row.get("category")?,
        decided_by: row.get("decided_by")?,
        confidence: row.get("confidence")?,
        model: row.get("model")?,
        fallback: row.get("fallback")?,
        status: row.get("status")?,
        error: row.get("error")?,
        usage: Usage {
            input: unsigned("input_tokens")?,
            cached: unsigned("cached_tokens")?,
            output: unsigned("output_tokens")?,
            reasoning: unsigned("reasoning_tokens")?,
        },
        cost: NanoUsd(unsigned("cost_nano_usd")?),
        classifier_cost: NanoUsd(maybe("classifier_cost_nano_usd")?.unwrap_or(0)),
        baseline_cost: maybe("baseline_cost_nano_usd")?.map(NanoUsd),
        decision_us: unsigned("decision_us")?,
        first_token_us: maybe("first_token_us")?,
        total_us: unsigned("total_us")?,
        metadata: row.get("metadata")?,
    })
}
