//! Reading periods: tallies of whole hours, rows at the edges.

use std::ops::Range;

use routing::record::{Costing, Speculation, Tokens};
use routing::tally::{Fact, marks_batch};
use routing::{NanoUsd, Tally, Usage};
use rusqlite::{Connection, Row, params};

use super::Reader;
use crate::rollup::{self, CellKey, Cells};
use crate::row::first_id_at;

/// Where a request came from and went; empty names stand for none.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The router; empty for an override.
    pub router: String,
    /// The key.
    pub key: String,
    /// The category; empty for an override.
    pub category: String,
    /// The model that answered; empty where none did.
    pub model: String,
}

const ROLLUPS: &str =
    "SELECT hour, router, key, category, model, tally FROM rollups WHERE hour >= ?1 AND hour < ?2 ORDER BY hour";
const FACTS: &str = "SELECT id, router, key, category, model, status, error, fallback, confidence, input_tokens,
    cached_tokens, output_tokens, reasoning_tokens, tokens, cost_nano_usd, costing, classifier_cost_nano_usd,
    baseline_cost_nano_usd, decision_us, first_token_us, total_us, overhead_us, metadata, speculation,
    json_array_length(attempts) AS calls,
    (SELECT sum(value ->> 'cost_nano_usd') FROM json_each(attempts) WHERE value ->> 'outcome' <> 'answered') AS failed
    FROM requests WHERE id >= ?1 AND id < ?2 ORDER BY id";

impl Reader {
    /// Calls `each` with the tallies of the requests of a period (microseconds since the Unix epoch, to the millisecond).
    /// Whole hours come from the rollups, parts of hours at its ends are added up from their rows.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn tallies(&self, period: &Range<i64>, each: &mut dyn FnMut(CellKey, Tally)) -> rusqlite::Result<()> {
        let hour_us = i64::try_from(rollup::HOUR_MS * 1_000).unwrap_or(i64::MAX);
        let (start, end) = (period.start.max(0), period.end.max(0));
        let whole = start.div_euclid(hour_us) + i64::from(start % hour_us > 0)..end.div_euclid(hour_us);
        if whole.start >= whole.end || !self.has_tallies() {
            return self.rows(start..end, each);
        }
        self.rows(start..whole.start.saturating_mul(hour_us), each)?;
        self.rollups(&whole, each)?;
        self.rows(whole.end.saturating_mul(hour_us)..end, each)
    }

    fn rollups(&self, hours: &Range<i64>, each: &mut dyn FnMut(CellKey, Tally)) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare_cached(ROLLUPS)?;
        let mut rows = statement.query(params![hours.start, hours.end])?;
        while let Some(row) = rows.next()? {
            let key = CellKey { hour: row.get("hour")?, origin: origin(row)? };
            each(key, rollup::decode(row.get_ref("tally")?.as_blob()?)?);
        }
        Ok(())
    }

    fn rows(&self, period: Range<i64>, each: &mut dyn FnMut(CellKey, Tally)) -> rusqlite::Result<()> {
        let id = |time_us: i64| u128::from_be_bytes(first_id_at(time_us));
        let mut cells = Cells::new();
        // `speculation` came with the second version.
        let sql = if self.version < 2 { &FACTS.replace("speculation,", "NULL AS speculation,") } else { FACTS };
        facts(&self.connection, sql, id(period.start)..id(period.end), &mut |id, origin, fact| {
            cells.entry(CellKey { hour: rollup::hour_of(id), origin }).or_default().add(&fact);
        })?;
        cells.into_iter().for_each(|(key, tally)| each(key, tally));
        Ok(())
    }
}

/// Calls `each` with what a tally takes of the rows with these ids, in their order.
pub(crate) fn facts_between(
    connection: &Connection,
    ids: Range<u128>,
    each: &mut dyn FnMut(u128, Origin, Fact),
) -> rusqlite::Result<()> {
    facts(connection, FACTS, ids, each)
}

fn facts(
    connection: &Connection,
    sql: &str,
    ids: Range<u128>,
    each: &mut dyn FnMut(u128, Origin, Fact),
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![ids.start.to_be_bytes(), ids.end.to_be_bytes()])?;
    while let Some(row) = rows.next()? {
        each(u128::from_be_bytes(row.get("id")?), origin(row)?, fact(row)?);
    }
    Ok(())
}

fn origin(row: &Row<'_>) -> rusqlite::Result<Origin> {
    let name = |column: &str| row.get::<_, Option<String>>(column).map(Option::unwrap_or_default);
    Ok(Origin { router: name("router")?, key: name("key")?, category: name("category")?, model: name("model")? })
}

fn fact(row: &Row<'_>) -> rusqlite::Result<Fact> {
    let maybe = |column: &str| row.get::<_, Option<i64>>(column).map(|value| value.map(i64::unsigned_abs));
    let number = |column: &str| maybe(column).map(Option::unwrap_or_default);
    let word = |column: &str| row.get::<_, Option<String>>(column).map(Option::unwrap_or_default);
    Ok(Fact {
        status: row.get("status")?,
        error: row.get::<_, Option<String>>("error")?.is_some(),
        fallback: row.get("fallback")?,
        attempts: number("calls")?,
        confidence: super::single(row.get("confidence")?),
        usage: Usage {
            input: number("input_tokens")?,
            cached: number("cached_tokens")?,
            output: number("output_tokens")?,
            reasoning: number("reasoning_tokens")?,
        },
        tokens: if word("tokens")? == "measured" { Tokens::Measured } else { Tokens::Estimated },
        cost: NanoUsd(number("cost_nano_usd")?),
        failed_cost: NanoUsd(number("failed")?),
        costing: match word("costing")?.as_str() {
            "measured" => Costing::Measured,
            "estimated" => Costing::Estimated,
            _ => Costing::Unpriced,
        },
        classifier_cost: NanoUsd(number("classifier_cost_nano_usd")?),
        baseline_cost: maybe("baseline_cost_nano_usd")?.map(NanoUsd),
        decision_us: number("decision_us")?,
        first_token_us: maybe("first_token_us")?,
        total_us: number("total_us")?,
        overhead_us: number("overhead_us")?,
        batch: word("metadata").is_ok_and(|metadata| marks_batch(&metadata)),
        speculation: match word("speculation")?.as_str() {
            "kept" => Some(Speculation::Kept),
            "cancelled" => Some(Speculation::Cancelled),
            _ => None,
        },
    })
}
