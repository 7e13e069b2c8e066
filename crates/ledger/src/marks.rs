//! What commands write besides a gateway that may be running: labels of people, and judgements.

use std::path::Path;

use rusqlite::{Connection, params};

use crate::{Judgement, LedgerError, row, schema};

/// A ledger that marks are written to, next to the gateway's own writer. Every mark is on disk when its call returns.
#[derive(Debug)]
pub struct Marks {
    connection: Connection,
}

impl Marks {
    /// Opens a ledger that is there, and brings an older one up to date.
    ///
    /// # Errors
    /// When the file is missing, empty, damaged, foreign, newer than this program, or not to be written.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        // To read only at first, so that nothing is made of a file that is none.
        schema::open_to_read(path)?;
        Ok(Self { connection: schema::open(path)? })
    }

    /// Gives a request the label of a person, in the place of an earlier one; `None` takes it back. `false`: there is no
    /// such request, or no label to take back. The same label again keeps the time of the first.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn label(&self, id: u128, label: Option<&str>, time_us: i64) -> rusqlite::Result<bool> {
        let id = id.to_be_bytes();
        let Some(label) = label else {
            return self.connection.execute("DELETE FROM labels WHERE id = ?1", params![id]).map(|rows| rows > 0);
        };
        let sql = "INSERT INTO labels SELECT id, ?2, ?3 FROM requests WHERE id = ?1 ON CONFLICT (id) DO UPDATE SET
            time_us = iif(label = excluded.label, time_us, excluded.time_us), label = excluded.label";
        self.connection.execute(sql, params![id, label, time_us]).map(|rows| rows > 0)
    }

    /// Writes what a judge said, in the place of what one said before.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn judgement(&self, judgement: &Judgement) -> rusqlite::Result<()> {
        let Judgement { id, category, model, baseline, judge, first, second, cost, time_us } = judgement;
        let id = id.to_be_bytes();
        let transaction = self.connection.unchecked_transaction()?;
        let values = params![id, category, model, baseline, judge, first, second, row::signed(cost.0), time_us];
        transaction.execute("INSERT OR REPLACE INTO judgements VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)", values)?;
        let score = first.zip(*second).map(|(first, second)| f64::midpoint(first, second));
        transaction.execute("UPDATE requests SET judge_score = ?2 WHERE id = ?1", params![id, score])?;
        transaction.commit()
    }
}
