//! What is said of requests later: who may say it, and that it stays.

use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;

use super::*;
use crate::{Author, Given, Labelled, Marks, Reader};
use routing::Record;

const PATIENCE: Duration = Duration::from_secs(10);
/// An id of the year 2026.
const ID: u128 = 0x019a_0000_0000 << 80;

fn ledger(folder: &tempfile::TempDir) -> (Ledger, PathBuf) {
    let path = folder.path().join("ledger.db");
    (Ledger::open(&path, Options::default()).unwrap(), path)
}

fn request(id: u128, key: Option<&str>) -> Entry {
    let (router, category) = (Some("auto".into()), Some("code".into()));
    Entry { record: Record { id, key: key.map(Into::into), router, category, ..Record::default() }, text: None }
}

/// What is on disk after this feedback.
fn say(ledger: &Ledger, feedback: Feedback) -> Option<Given> {
    let (sender, receiver) = channel();
    assert!(ledger.feedback(feedback, Reply::new(move |given| sender.send(given).unwrap())));
    receiver.recv_timeout(PATIENCE).unwrap()
}

fn score(id: u128, author: Author, score: f64) -> Feedback {
    Feedback { id, author, score: Some(score), ..Feedback::default() }
}

#[test]
fn feedback_adds_to_what_was_said_before_and_survives() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, path) = ledger(&folder);
    ledger.append(request(ID, None));
    let first = say(&ledger, score(ID, Author::Anyone, 0.5)).unwrap();
    assert_eq!(first, Given { score: Some(0.5), ..Given::default() });
    let label = Feedback { id: ID, label: Some("agent".into()), ..Feedback::default() };
    let both = Given { score: Some(0.5), label: Some("agent".into()), comment: None };
    assert_eq!(say(&ledger, label.clone()), Some(both.clone()));
    assert_eq!(say(&ledger, label), Some(both), "the same twice is the same");
    drop(ledger);
    let mut read = Vec::new();
    Reader::open(&path).unwrap().feedback(&(0..i64::MAX), &mut |row| read.push((row.score, row.label))).unwrap();
    assert_eq!(read, [(Some(0.5), Some("agent".into()))]);
}

#[test]
fn only_who_made_a_request_and_the_admin_may_say_something_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, _) = ledger(&folder);
    ledger.append(request(ID, Some("mine")));
    ledger.append(request(ID + 1, None));
    let may = |id, author: &Author| say(&ledger, score(id, author.clone(), 1.0)).is_some();
    let (mine, other) = (Author::Key("mine".into()), Author::Key("other".into()));
    assert_eq!(
        [&Author::Admin, &mine, &other, &Author::Anyone].map(|author| may(ID, author)),
        [true, true, false, false]
    );
    assert_eq!([&Author::Admin, &mine, &Author::Anyone].map(|author| may(ID + 1, author)), [true, false, true]);
    assert!(!may(ID + 2, &Author::Admin), "there is no such request");
}

fn labels(path: &Path) -> Vec<(u128, String, i64)> {
    let mut all = Vec::new();
    let mut each = |row: Labelled| all.push((row.id - ID, row.label, row.labelled_us));
    Reader::open(path).unwrap().labels(&(0..i64::MAX), &mut each).unwrap();
    all
}

#[test]
fn what_a_shadow_said_of_a_request_without_a_row_is_forgotten_too() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, path) = ledger(&folder);
    ledger.append(request(ID, None));
    for id in [ID, ID + 1] {
        assert!(ledger.shadow(Shadow { id, classifier: "llm", ..Shadow::default() }));
    }
    let count = || {
        assert!(ledger.flush(PATIENCE));
        let sql = "SELECT count(*) FROM shadows";
        schema::open(&path).unwrap().query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(count(), 2);
    ledger.forget_before(i64::MAX);
    assert_eq!(count(), 0);
}

#[test]
fn labels_replace_each_other_are_taken_back_and_go_with_their_requests() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, path) = ledger(&folder);
    for id in 0..3 {
        ledger.append(request(ID + id, None));
    }
    assert!(ledger.flush(PATIENCE));
    let marks = Marks::open(&path).unwrap();
    for (id, label, time) in [(0, "simple", 5), (1, "simple", 7), (0, "code", 7), (1, "simple", 9)] {
        assert!(marks.label(ID + id, Some(label), time).unwrap());
    }
    assert!(!marks.label(ID + 9, Some("code"), 7).unwrap(), "there is no such request");
    assert_eq!(labels(&path), [(0, "code".into(), 7), (1, "simple".into(), 7)]);
    assert!(marks.label(ID + 1, None, 7).unwrap());
    drop(ledger);
    assert_eq!(labels(&path), [(0, "code".into(), 7)], "they outlive the gateway");
    let (ledger, _) = self::ledger(&folder);
    ledger.forget_before(i64::MAX);
    assert!(ledger.flush(PATIENCE));
    assert_eq!(labels(&path), [], "what is older than the retention is gone with its request");
}
