use std::path::Path;
use std::time::Duration;

use super::*;
use crate::{Entry, Ledger, Options, Reader, schema};
use proptest::prelude::*;
use routing::record::{AttemptRow, ClassifierRow, Costing, Speculation};
use routing::{Attempt, ModelId, NanoUsd, Outcome, Usage};

const HOUR_US: i64 = 3_600_000_000;
const PATIENCE: Duration = Duration::from_secs(10);

/// A row of some minute of the first five hours, in which everything that a tally takes differs.
fn record() -> impl Strategy<Value = Record> {
    let what = (0_u64..18_000_000, any::<u16>(), 0_u8..4, 0_u8..3, any::<bool>());
    what.prop_map(|(milliseconds, random, category, model, failed)| {
        let size = u64::from(random);
        let attempt = |outcome| AttemptRow {
            model: "a".into(),
            attempt: Attempt { outcome, cost: NanoUsd(size), ..Attempt::begun(ModelId(0)) },
        };
        Record {
            id: u128::from(milliseconds) << 80 | u128::from(random),
            time_us: i64::try_from(milliseconds * 1_000).unwrap(),
            router: (category > 0).then(|| "auto".into()),
            category: (category > 0).then(|| format!("c{category}")),
            confidence: (category > 1).then_some(f32::from(random) / 65_536.0),
            model: (model > 0).then(|| format!("m{model}")),
            attempts: if failed { vec![attempt(Outcome::Unreachable), attempt(Outcome::Answered)] } else { Vec::new() },
            classifier: failed.then(|| ClassifierRow {
                model: "j".into(),
                outcome: "answered",
                usage: Usage::default(),
                cost: NanoUsd(7),
                total_us: 1,
            }),
            speculation: failed.then_some(Speculation::Kept),
            fallback: failed,
            status: if model > 0 { 200 } else { 503 },
            error: (model == 2).then(|| "upstream_interrupted".into()),
            usage: Usage { input: size, cached: size / 3, output: size / 2, reasoning: size / 4 },
            cost: NanoUsd(size * 3),
            costing: if model > 0 { Costing::Measured } else { Costing::Unpriced },
            baseline_cost: failed.then_some(NanoUsd(size * 9)),
            decision_us: size % 90,
            first_token_us: failed.then_some(size * 11),
            total_us: size * 17,
            overhead_us: size % 300,
            metadata: failed.then(|| r#"{"batch":true}"#.into()),
            ..Record::default()
        }
    })
}

fn write(path: &Path, records: &[Record]) -> Ledger {
    let ledger = Ledger::open(path, Options::default()).unwrap();
    for record in records {
        assert!(ledger.append(Entry { record: record.clone(), text: None }));
    }
    assert!(ledger.flush(PATIENCE));
    ledger
}

/// What is read of a period, hour by hour.
fn read(path: &Path, period: Range<i64>) -> Cells {
    let mut cells = Cells::new();
    let mut each = |key, tally: Tally| cells.entry(key).or_default().merge(&tally);
    Reader::open(path).unwrap().tallies(&period, &mut each).unwrap();
    cells
}

/// What the rows of that period add up to.
fn expected(records: &[Record], period: &Range<i64>) -> Cells {
    let mut cells = Cells::new();
    let mut once = std::collections::BTreeSet::new();
    let inside = |record: &&Record| {
        period.start / 1_000 * 1_000 <= record.time_us && record.time_us < period.end / 1_000 * 1_000
    };
    for record in records.iter().filter(inside) {
        if once.insert(record.id) {
            add(&mut cells, record);
        }
    }
    cells
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn rollups_equal_rows(
        records in prop::collection::vec(record(), 0..80),
        start in 0..5 * HOUR_US,
        length in 0..5 * HOUR_US,
        forget in 0..5 * HOUR_US,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        // Written by several groups, so that tallies are added to ones that are there.
        let (begin, end) = records.split_at(records.len() / 2);
        drop(write(&path, begin));
        let ledger = write(&path, end);
        let period = start..start + length;
        prop_assert_eq!(read(&path, period.clone()), expected(&records, &period));
        ledger.forget_before(forget);
        prop_assert!(ledger.flush(PATIENCE));
        let rest: Vec<Record> = records.iter().filter(|record| record.time_us >= forget / 1_000 * 1_000).cloned().collect();
        let all = 0..i64::MAX;
        prop_assert_eq!(read(&path, all.clone()), expected(&rest, &all));
    }
}

#[test]
fn tallies_of_another_format_and_ledgers_without_any_are_added_up_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let record = |id: u128| Record { id: id << 80, model: Some("m".into()), total_us: 5, ..Record::default() };
    let records: Vec<Record> = (1..40).map(record).collect();
    drop(write(&path, &records));
    let all = 0..i64::MAX;
    let whole = read(&path, all.clone());
    let connection = schema::open(&path).unwrap();
    connection.execute_batch("UPDATE rollups SET tally = x'ff00'").unwrap();
    drop(schema::open(&path).unwrap());
    assert_eq!(read(&path, all.clone()), whole);
    let tables =
        "DROP TABLE rollups; DROP TABLE shadows; DROP TABLE labels; DROP TABLE judgements; DROP INDEX feedback;
        ALTER TABLE requests DROP COLUMN tools;";
    connection.execute_batch(tables).unwrap();
    connection.pragma_update(None, "user_version", 2).unwrap();
    assert_eq!(read(&path, all.clone()), whole, "an older ledger is read from its rows");
    drop(schema::open(&path).unwrap());
    assert_eq!(read(&path, all), whole);
}
