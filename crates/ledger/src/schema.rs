//! The database file: opening, versions, tables.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::rollup;

/// Says in the file's header that it is a ledger of ours ("fdsk").
const APPLICATION_ID: i32 = 0x6664_736b;

/// Each step leads from one version of the schema to the next; steps are added, never changed.
const STEPS: [&str; 4] = [
    include_str!("schema/001.sql"),
    include_str!("schema/002.sql"),
    include_str!("schema/003.sql"),
    include_str!("schema/004.sql"),
];
/// The first version with tallies, labels, shadows and judgements.
pub(crate) const WITH_TALLIES: usize = 3;
/// The first version that knows whether tools were offered.
pub(crate) const WITH_TOOLS: usize = 4;

/// How long another program's lock is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file cannot be opened or is damaged.
    #[error("the ledger cannot be opened: {0}; name another file in [ledger] url, or move this one away")]
    Sqlite(#[from] rusqlite::Error),
    /// The file is a database of some other program.
    #[error("the file is an SQLite database, but not a ledger; name another file in [ledger] url")]
    Foreign,
    /// The file was written by a newer version of this program.
    #[error("the ledger has version {found}, this program knows {known}: use a newer frontdesk")]
    Newer {
        /// The file's version.
        found: usize,
        /// The newest version this program knows.
        known: usize,
    },
    /// The file has nothing in it, and is only to be read.
    #[error("the file is empty; `frontdesk serve` makes it a ledger")]
    Empty,
    /// The writer's thread cannot be started.
    #[error("the ledger's writer cannot be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// Opens a ledger, makes it where there is none and brings an older one up to date. `:memory:` is one that is gone
/// with the connection.
///
/// # Errors
/// When the file is damaged, foreign, newer than this program, or not to be written.
pub fn open(path: &Path) -> Result<Connection, LedgerError> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // With WAL, NORMAL can lose the last commits to a power cut but never the database.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    let found = version(&connection)?;
    let transaction = connection.transaction()?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    for step in STEPS.iter().skip(found) {
        transaction.execute_batch(step)?;
    }
    if found > 0 && found < WITH_TALLIES || !rollup::current(&transaction)? {
        tracing::info!("the ledger's rows are being added up by hour, once; with many rows this takes a while");
        rollup::again(&transaction, 0..i64::MAX)?;
    }
    transaction.pragma_update(None, "user_version", i32::try_from(STEPS.len()).unwrap_or(i32::MAX))?;
    transaction.commit()?;
    Ok(connection)
}

/// Opens a ledger that is there, with its version, and changes nothing of it. One of an older version is read as it is: columns are only
/// ever added.
///
/// # Errors
/// When the file is missing, empty, damaged, foreign, or newer than this program.
pub(crate) fn open_to_read(path: &Path) -> Result<(Connection, usize), LedgerError> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(PATIENCE)?;
    match version(&connection)? {
        0 => Err(LedgerError::Empty),
        version => Ok((connection, version)),
    }
}

/// The version of a ledger; 0 of an empty file.
fn version(connection: &Connection) -> Result<usize, LedgerError> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION_ID && tables > 0 {
        return Err(LedgerError::Foreign);
    }
    let found = usize::try_from(version).unwrap_or(0);
    if found > STEPS.len() {
        return Err(LedgerError::Newer { found, known: STEPS.len() });
    }
    Ok(found)
}
