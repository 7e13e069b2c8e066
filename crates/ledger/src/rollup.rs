//! Sums by hour, kept beside the rows in the same transaction.

use std::collections::BTreeMap;
use std::ops::Range;

use routing::{Record, Tally, tally::Fact};
use rusqlite::{Connection, OptionalExtension, params};

use crate::read::{Origin, facts_between};

/// The format of the tallies that this program writes. Those of another are made again from the rows.
pub(crate) const FORMAT: u8 = 1;
/// Cells that are looked through for a row's.
const FEW: usize = 32;
/// Milliseconds of an hour.
pub(crate) const HOUR_MS: u128 = 3_600_000;

/// Which requests a tally is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CellKey {
    /// Hours since the Unix epoch.
    pub hour: i64,
    /// Where they came from and went.
    pub origin: Origin,
}

/// Tallies by what their requests have in common.
pub(crate) type Cells = BTreeMap<CellKey, Tally>;

const SELECT: &str =
    "SELECT tally FROM rollups WHERE hour = ?1 AND router = ?2 AND key = ?3 AND category = ?4 AND model = ?5";
const REPLACE: &str = "INSERT OR REPLACE INTO rollups VALUES (?1,?2,?3,?4,?5,?6)";

/// The hour of an id.
pub(crate) fn hour_of(id: u128) -> i64 {
    i64::try_from((id >> 80) / HOUR_MS).unwrap_or(i64::MAX)
}

/// The ids of some hours.
fn ids_of(hours: Range<i64>) -> Range<u128> {
    let first = |hour: i64| u128::try_from(hour).unwrap_or(0).saturating_mul(HOUR_MS).min((1 << 48) - 1) << 80;
    first(hours.start)..first(hours.end)
}

/// Adds a row to the cell that it belongs to.
pub(crate) fn add(cells: &mut Cells, record: &Record) {
    let fact = Fact::from(record);
    // A group mostly has few cells and many rows: looking through them is cheaper than four new strings a row.
    if let Some((_, tally)) = cells.iter_mut().take(FEW).find(|(key, _)| key.is_of(record)) {
        tally.add(&fact);
        return;
    }
    let name = |name: &Option<String>| name.clone().unwrap_or_default();
    let origin = Origin {
        router: name(&record.router),
        key: name(&record.key),
        category: name(&record.category),
        model: name(&record.model),
    };
    cells.entry(CellKey { hour: hour_of(record.id), origin }).or_default().add(&fact);
}

impl CellKey {
    fn is_of(&self, record: &Record) -> bool {
        let Origin { router, key, category, model } = &self.origin;
        let names =
            [(model, &record.model), (category, &record.category), (router, &record.router), (key, &record.key)];
        self.hour == hour_of(record.id)
            && names.iter().all(|(ours, name)| **ours == name.as_deref().unwrap_or_default())
    }
}

/// Adds cells to those that are there, within the transaction that the caller holds.
pub(crate) fn merge(connection: &Connection, cells: Cells) -> rusqlite::Result<()> {
    for (key, mut tally) in cells {
        let Origin { router, key: name, category, model } = &key.origin;
        let mut select = connection.prepare_cached(SELECT)?;
        let known: Option<Vec<u8>> =
            select.query_row(params![key.hour, router, name, category, model], |row| row.get(0)).optional()?;
        if let Some(known) = known {
            tally.merge(&decode(&known)?);
        }
        connection.prepare_cached(REPLACE)?.execute(params![
            key.hour,
            router,
            name,
            category,
            model,
            encode(&tally)?
        ])?;
    }
    Ok(())
}

/// Makes the tallies of some hours again from their rows, within the transaction that the caller holds.
pub(crate) fn again(connection: &Connection, hours: Range<i64>) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM rollups WHERE hour >= ?1 AND hour < ?2", params![hours.start, hours.end])?;
    let mut cells = Cells::new();
    facts_between(connection, ids_of(hours), &mut |id, origin, fact| {
        cells.entry(CellKey { hour: hour_of(id), origin }).or_default().add(&fact);
    })?;
    merge(connection, cells)
}

/// Whether the tallies are of this program's format. All are made again at once, so the first and the last tell.
pub(crate) fn current(connection: &Connection) -> rusqlite::Result<bool> {
    let end = |order: &str| {
        let sql = format!("SELECT substr(tally, 1, 1) FROM rollups ORDER BY hour {order} LIMIT 1");
        connection.query_row(&sql, [], |row| row.get::<_, Vec<u8>>(0)).optional()
    };
    let ours = |format: Option<Vec<u8>>| format.is_none_or(|format| format == [FORMAT]);
    Ok(ours(end("ASC")?) && ours(end("DESC")?))
}

pub(crate) fn encode(tally: &Tally) -> rusqlite::Result<Vec<u8>> {
    let begin = vec![FORMAT];
    postcard::to_extend(tally, begin).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

pub(crate) fn decode(bytes: &[u8]) -> rusqlite::Result<Tally> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Blob, error)
    };
    match bytes.split_first() {
        Some((&FORMAT, tally)) => postcard::from_bytes(tally).map_err(|error| failed(Box::new(error))),
        _ => Err(failed("a tally of another format".into())),
    }
}

#[cfg(test)]
#[path = "rollup_tests.rs"]
mod tests;
