//! `frontdesk report` and `/admin/v1/report` over made ledgers: verdicts, bad input, the page.

use fastrand::Rng;
use ledger::Shadow;
use routing::Record;
use serde_json::Value;

use crate::client::{Answer, request};
use crate::gateway::Gateway;
use crate::made::{Made, Shape};
use crate::reply::Reply;

/// Traffic for which routing pays.
const PAYING: Shape = Shape {
    requests: 2_000,
    days: 5,
    parts: &[("simple", 60, "small"), ("general", 30, "large"), ("code", 10, "coder")],
    batch: 2,
};

/// What is said of traffic of this kind, and a snapshot of all that is shown.
fn check(name: &str, changes: &[(&str, &str)], shape: Shape, right: u64, answer: &str) {
    let made = Made::new(changes);
    let records = made.traffic(shape, 7);
    drop(made.write(records.iter().cloned()));
    made.label(&records, 250.min(records.len()), right);
    let said = made.run(&["report"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{said:?}");
    insta::assert_snapshot!(name, said.out);
    let verdict = &made.run(&["report", "--json"]).json()["routers"][0]["verdict"];
    assert_eq!(verdict["answer"], answer, "{verdict}");
}

#[test]
fn routing_pays_where_cheaper_models_do() {
    check("pays", &[], PAYING, 97, "pays");
}

#[test]
fn one_kind_of_traffic_needs_no_router() {
    let parts = &[("simple", 95, "small"), ("general", 5, "large")];
    check("one_kind", &[], Shape { parts, ..PAYING }, 97, "does_not_pay");
}

#[test]
fn few_requests_need_no_router() {
    check("few", &[], Shape { requests: 150, ..PAYING }, 100, "does_not_pay");
}

#[test]
fn where_nobody_waits_what_is_dearer_does_not_pay() {
    let parts = &[("simple", 70, "swift"), ("general", 30, "large")];
    let swift = ("categories.simple.models = [\"small\"]", "categories.simple.models = [\"swift\"]");
    check("batch", &[swift], Shape { parts, batch: 80, ..PAYING }, 97, "does_not_pay");
}

#[test]
fn a_classifier_that_errs_does_not_pay() {
    check("errs", &[], PAYING, 70, "does_not_pay");
}

#[test]
fn without_labels_it_says_how_to_measure() {
    let made = Made::new(&[]);
    drop(made.write(made.traffic(PAYING, 7)));
    let verdict = &made.run(&["report", "--json"]).json()["routers"][0]["verdict"];
    assert_eq!(verdict["answer"], "unclear");
    let sentence = verdict["sentence"].as_str().unwrap();
    assert!(sentence.contains("frontdesk sample -n 100") && sentence.contains("frontdesk label"), "{sentence}");
}

#[test]
fn before_routing_a_shadow_says_what_it_would_do() {
    let kind = ("classifier = { kind = \"embedded\", encoder = false }", "classifier = { kind = \"none\" }");
    let made = Made::new(&[kind]);
    let mut records = made.traffic(Shape { parts: &[("general", 100, "large")], ..PAYING }, 7);
    records.iter_mut().for_each(|record| record.confidence = None);
    let ledger = made.write(records.iter().cloned());
    let said =
        |record: &Record| ["simple", "simple", "simple", "general", "code"][usize::try_from(record.id % 5).unwrap()];
    for record in &records {
        let category = Some(said(record).to_owned());
        let shadow = Shadow { id: record.id, classifier: "embedded", category, took_us: 700, ..Shadow::default() };
        assert!(ledger.shadow(shadow));
    }
    drop(ledger);
    let marks = ledger::Marks::open(&made.path("ledger.db")).unwrap();
    for record in records.iter().step_by(10) {
        assert!(marks.label(record.id, Some(said(record)), record.time_us).unwrap());
    }
    insta::assert_snapshot!("shadow", made.run(&["report"]).out);
    let report = made.run(&["report", "--json"]).json();
    let part = &report["routers"][0];
    assert_eq!((&part["verdict"]["answer"], &part["verdict"]["would"]), (&"pays".into(), &true.into()));
}

/// What a report with these arguments is refused with.
fn refused(made: &Made, arguments: &[&str]) -> String {
    let said = made.run(&[&["report"], arguments].concat());
    assert_eq!((said.code, said.out.as_str()), (1, ""), "{said:?}");
    said.err
}

#[test]
fn what_cannot_be_reported_is_told_with_what_to_do() {
    let made = Made::new(&[]);
    assert!(refused(&made, &[]).contains("there is no ledger at ledger.db: `frontdesk serve` writes it"));
    drop(made.write([]));
    assert!(refused(&made, &[]).contains("ledger.db has no request yet"));
    drop(made.write(made.traffic(Shape { requests: 50, ..PAYING }, 7)));
    let said = refused(&made, &["--since", "2026-12-01", "--until", "2026-12-02"]);
    let expected = "from 2026-12-01T00:00:00Z to 2026-12-02T00:00:00Z; the ledger has some from 2026-11-01T00:00:00Z";
    assert!(said.contains(expected), "{said}");
    assert!(refused(&made, &["--router", "autp"]).contains("the router `autp`: did you mean `auto`?"));
    assert!(refused(&made, &["--key", "k"]).contains("the key `k`: no request has a key"));
    std::fs::write(made.path("other.db"), "precious notes, no database".repeat(100)).unwrap();
    assert!(refused(&made, &["--ledger", "other.db"]).contains("name another file"));
    let newer = ledger::open(&made.path("ledger.db")).unwrap();
    newer.execute_batch("PRAGMA user_version = 99").unwrap();
    let said = refused(&made, &[]);
    assert!(said.contains("version 99") && said.contains("use a newer frontdesk"), "{said}");
    assert_eq!(made.run(&["report", "--since", "soon"]).code, 2);
}

#[test]
fn what_is_missing_for_a_comparison_is_noted_with_what_to_write() {
    let price = "price = { input = 0.02, output = 0.05 }\n";
    for (changes, expected) in [
        (vec![("baseline = \"large\"\n", "")], "write baseline = \"…\" under [routers.auto]"),
        (vec![("baseline = \"large\"", "baseline = \"swift\"")], "the baseline or its price has changed"),
        (vec![("routers.auto", "routers.other")], "no router `auto` any more"),
        (vec![(price, "")], "Write price = { input = …, output = … } under [models.…]"),
    ] {
        // Priced only where today's configuration prices it.
        let before = Made::new(if expected.contains("Write price") { &changes } else { &[] });
        let made = Made::new(&changes);
        drop(made.write(before.traffic(PAYING, 7)));
        let report = made.run(&["report", "--json"]).json();
        let notes = report["routers"][0]["notes"].to_string().replace("\\\"", "\"");
        assert!(notes.contains(expected), "{expected}: {notes}");
    }
}

#[test]
fn a_period_a_router_and_a_key_are_picked_out_alone() {
    let made = Made::new(&[]);
    let mut rng = Rng::with_seed(1);
    let mut records = made.traffic(PAYING, 7);
    for record in &mut records {
        record.key = Some(if rng.bool() { "night" } else { "day" }.into());
    }
    drop(made.write(records.iter().cloned()));
    let requests =
        |arguments: &[&str]| made.run(&[&["report", "--json"], arguments].concat()).json()["requests"].clone();
    let (since, until) = ("2026-11-02T05:17:03Z", "2026-11-04");
    let inside = |record: &&Record| (1_793_596_623_000_000..1_793_750_400_000_000).contains(&record.time_us);
    let keyed = |record: &&Record| record.key.as_deref() == Some("night");
    assert_eq!(requests(&["--since", since, "--until", until]), records.iter().filter(inside).count());
    assert_eq!(requests(&["--key", "night", "--router", "auto"]), records.iter().filter(keyed).count());
    assert_eq!(
        requests(&["--since", since, "--until", until, "--key", "night"]),
        records.iter().filter(inside).filter(keyed).count()
    );
    let report = made.run(&["report", "--json", "--batch-key", "night", "--batch-key", "day"]).json();
    let checks = report["routers"][0]["verdict"]["checks"].as_array().unwrap();
    let batch = checks.iter().find(|check| check["case"] == "batch").unwrap();
    assert_eq!((&batch["figure"], &batch["says"]), (&1.0.into(), &"nothing".into()));
}

#[test]
fn the_page_holds_everything_and_loads_nothing() {
    let made = Made::new(&[]);
    drop(made.write(made.traffic(PAYING, 7)));
    let said = made.run(&["report", "--html", "page.html"]);
    assert!(said.code == 0 && said.out.contains("page.html"), "{said:?}");
    let page = std::fs::read_to_string(made.path("page.html")).unwrap();
    for expected in ["<svg", "Router auto", "simple", "coder", "It cannot be said yet", "Over time"] {
        assert!(page.contains(expected), "{expected}");
    }
    for nothing in ["src=", "href=", "<script", "NaN", "inf"] {
        assert!(!page.contains(nothing), "{nothing}");
    }
}

const ADMIN: &str = "authorization: Bearer s3cret\r\n";

fn get(gateway: &Gateway, query: &str, headers: &str) -> Answer {
    gateway.raw(&request(&format!("GET /admin/v1/report{query}"), headers, b""))
}

#[test]
fn the_operator_gets_the_report_over_http_and_nobody_else() {
    let gateway = Gateway::with(&[("[providers.up]", "[server]\nadmin_token = \"env:ADMIN\"\n[providers.up]")]);
    assert_eq!(get(&gateway, "", "").status, 401);
    let answer = get(&gateway, "", ADMIN);
    assert_eq!((answer.status, answer.error_code().as_str()), (404, "no_report"));
    gateway.upstream.script("small", [Reply::answer("hello")]);
    for _ in 0..3 {
        assert_eq!(gateway.ask("auto", false).status, 200);
    }
    let answer = get(&gateway, "?since=1h&router=auto&format=json", ADMIN);
    assert_eq!((answer.status, answer.headers["content-type"].as_str()), (200, "application/json"));
    let report: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(report["routers"][0]["per_category"]["simple"]["cost_nano_usd"], 60_000);
    let page = get(&gateway, "?format=html", ADMIN);
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    assert!(page.body.contains("Router auto"));
    for (query, status) in [("?since=soon", 400), ("?sinc=1h", 400), ("?router=%ff", 400), ("?router=autp", 404)] {
        assert_eq!(get(&gateway, query, ADMIN).status, status, "{query}");
    }
    assert_eq!(gateway.raw(&request("POST /admin/v1/report", ADMIN, b"{}")).status, 405);
}

#[test]
fn more_reports_than_may_wait_are_sent_away() {
    let gateway = Gateway::with(&[("[providers.up]", "[server]\nadmin_token = \"env:ADMIN\"\n[providers.up]")]);
    gateway.upstream.script("small", [Reply::answer("hello")]);
    assert_eq!(gateway.ask("auto", false).status, 200);
    assert_eq!(gateway.rows("status"), ["200"]);
    // A report waits a second for rows that cannot be written now.
    let lock = ledger::open(&gateway.ledger()).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(gateway.ask("auto", false).status, 200);
    let asked = request("GET /admin/v1/report", ADMIN, b"");
    let all: Vec<_> = (0..6).map(|_| gateway.send(&asked)).collect();
    let answers: Vec<Answer> = all.into_iter().map(crate::client::Connection::answer).collect();
    lock.execute_batch("COMMIT").unwrap();
    let (refused, served): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 503);
    assert!(!refused.is_empty() && refused.len() <= 3, "{answers:?}");
    assert!(served.iter().all(|answer| answer.status == 200), "{answers:?}");
    for answer in refused {
        assert_eq!((answer.error_code().as_str(), answer.headers["retry-after"].as_str()), ("too_many_reports", "5"));
    }
}
