use super::*;
use crate::Text;
use routing::record::{AttemptRow, Costing};
use routing::{Attempt, DecidedBy, ModelId, NanoUsd, Outcome, Record, Usage};

const PATIENCE: Duration = Duration::from_secs(10);

fn entry(id: u128) -> Entry {
    let attempt = Attempt { outcome: Outcome::Answered, ..Attempt::begun(ModelId(0)) };
    let record = Record {
        id,
        endpoint: "/v1/chat/completions",
        requested_model: "auto".into(),
        category: Some("code".into()),
        decided_by: Some(DecidedBy::Embedded),
        chain: vec!["coder".into(), "large".into()],
        attempts: vec![AttemptRow { model: "coder".into(), attempt }],
        usage: Usage { input: 500, cached: 0, output: 200, reasoning: 0 },
        cost: NanoUsd(350_000),
        costing: Costing::Measured,
        status: 200,
        ..Record::default()
    };
    Entry { record, text: Some(Text { prompt: Some("[]".into()), answer: None }) }
}

fn text(connection: &Connection, sql: &str) -> String {
    connection
        .query_row(sql, [], |row| row.get::<_, rusqlite::types::Value>(0).map(|value| format!("{value:?}")))
        .unwrap()
}

#[test]
fn rows_survive_the_ledger_and_each_id_is_recorded_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let ledger = Ledger::open(&path, Options::default()).unwrap();
    assert!((0..500).all(|id| ledger.append(entry(id))));
    assert!(ledger.append(entry(7)));
    assert!(ledger.flush(PATIENCE));
    assert_eq!((ledger.pending(), ledger.dropped(), ledger.healthy()), (0, 0, true));
    drop(ledger);
    let connection = schema::open(&path).unwrap();
    assert_eq!(text(&connection, "SELECT count(*) FROM requests"), "Integer(500)");
    assert_eq!(text(&connection, "SELECT count(*) FROM texts"), "Integer(500)");
    assert_eq!(text(&connection, "SELECT sum(cost_nano_usd) FROM requests"), "Integer(175000000)");
    assert_eq!(text(&connection, "SELECT attempts ->> '$[0].outcome' FROM requests"), "Text(\"answered\")");
    assert_eq!(text(&connection, "SELECT chain ->> '$[1]' FROM requests"), "Text(\"large\")");
    assert_eq!(text(&connection, "SELECT decided_by FROM requests"), "Text(\"embedded\")");
}

#[test]
fn dropping_the_ledger_writes_what_waits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let ledger = Ledger::open(&path, Options::default()).unwrap();
    assert!((0..1_000).all(|id| ledger.append(entry(id))));
    drop(ledger);
    let connection = schema::open(&path).unwrap();
    assert_eq!(text(&connection, "SELECT count(*) FROM requests"), "Integer(1000)");
}

#[test]
fn a_database_that_is_locked_makes_rows_wait_and_the_bound_drops_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let ledger = Ledger::open(&path, Options { capacity: 10 }).unwrap();
    let other = schema::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let taken = (0..20).filter(|id| ledger.append(entry(*id))).count();
    assert_eq!((taken, ledger.dropped()), (10, 10));
    other.execute_batch("COMMIT").unwrap();
    assert!(ledger.flush(PATIENCE));
    assert_eq!(ledger.written(), 10);
}

#[test]
fn foreign_newer_and_damaged_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let refusal = |name: &str| schema::open(&path(name)).unwrap_err().to_string();

    Connection::open(path("foreign")).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    assert!(refusal("foreign").contains("not a ledger"));

    schema::open(&path("newer")).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(refusal("newer").contains("has version 99, this program knows 4"));

    std::fs::write(path("damaged"), vec![b'x'; 8_192]).unwrap();
    assert!(refusal("damaged").contains("cannot be opened"));
}
