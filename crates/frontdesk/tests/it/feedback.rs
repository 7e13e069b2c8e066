//! What callers say of their requests afterwards.

use serde_json::{Value, json};

use crate::client::{Answer, chat, eventually, hi, request};
use crate::daemon::Home;
use crate::gateway::{Gateway, read};
use crate::reply::{Reply, finish, text, usage};

const TOKEN: (&str, &str) = ("[providers.up]", "[server]\nadmin_token = \"env:ADMIN\"\n[providers.up]");

fn post(body: &str, headers: &str) -> Vec<u8> {
    let headers = format!("content-length: {}\r\n{headers}", body.len());
    request("POST /v1/feedback", &headers, body.as_bytes())
}

fn say(gateway: &Gateway, body: &Value) -> Answer {
    gateway.raw(&post(&body.to_string(), ""))
}

/// A gateway that has answered a request, whose id this is.
fn answered(changes: &[(&str, &str)]) -> (Gateway, String) {
    let gateway = Gateway::with(changes);
    gateway.upstream.script("small", [Reply::answer("hello")]);
    let id = gateway.ask("auto", false).header("x-request-id").to_owned();
    (gateway, id)
}

const FEEDBACK: &str = "coalesce(feedback_score, '-'), coalesce(feedback_label, '-'), coalesce(feedback_comment, '-')";

#[test]
fn what_is_said_is_on_disk_with_the_answer_and_added_to_later() {
    let (gateway, id) = answered(&[]);
    let first = say(&gateway, &json!({"request_id": id, "score": 0.5}));
    assert_eq!(first.status, 200, "{first:?}");
    // Without waiting for the writer: it is there already.
    assert_eq!(read(&gateway.ledger(), "SELECT format('%.1f', feedback_score) FROM requests"), ["0.5"]);
    let second = say(&gateway, &json!({"request_id": id, "label": "code", "comment": "it was \u{1f600}"}));
    let whole =
        json!({"object": "feedback", "request_id": id, "score": 0.5, "label": "code", "comment": "it was \u{1f600}"});
    assert_eq!(second.json(), whole);
    let again = say(&gateway, &json!({"request_id": id, "score": 0.5, "label": "code"}));
    assert_eq!(again.json(), whole, "the same twice is the same");
    assert_eq!(gateway.row(FEEDBACK), "0.5 code it was \u{1f600}");
    let counted = gateway.metric("frontdesk_feedback_total");
    assert!(
        counted.contains(&r#"{gave="score"} 2"#.to_owned()) && counted.contains(&r#"{gave="comment"} 1"#.to_owned())
    );
}

#[test]
fn a_request_that_nobody_made_is_not_found_and_nothing_is_written() {
    let (gateway, _) = answered(&[]);
    let answer = say(&gateway, &json!({"request_id": "019abcde-f012-7345-8678-9abcdef01234", "score": 1}));
    assert_eq!((answer.status, answer.error_code().as_str()), (404, "request_not_found"));
    assert_eq!(gateway.row(FEEDBACK), "- - -");
    assert!(gateway.metric("frontdesk_feedback_total").is_empty());
}

#[test]
fn a_request_of_another_key_is_not_found_but_by_the_admin() {
    let (gateway, id) = answered(&[TOKEN]);
    assert!(gateway.app.ledger.flush(std::time::Duration::from_secs(10)));
    // Keys do not exist yet: the row is given one by hand.
    ledger::open(&gateway.ledger()).unwrap().execute("UPDATE requests SET key = 'other'", []).unwrap();
    let body = json!({"request_id": id, "score": 1.0}).to_string();
    for headers in ["", "authorization: Bearer wrong\r\n"] {
        let answer = gateway.raw(&post(&body, headers));
        assert_eq!((answer.status, answer.error_code().as_str()), (404, "request_not_found"), "{headers}");
    }
    assert_eq!(gateway.row(FEEDBACK), "- - -");
    assert_eq!(gateway.raw(&post(&body, "authorization: Bearer s3cret\r\n")).status, 200);
    assert_eq!(gateway.row(FEEDBACK), "1.0 - -");
}

#[test]
fn what_cannot_be_feedback_is_refused() {
    let (gateway, id) = answered(&[]);
    let wrong = say(&gateway, &json!({"request_id": id, "label": "cod"})).json();
    assert_eq!(wrong["error"]["param"], "label");
    assert!(wrong["error"]["message"].as_str().unwrap().contains("did you mean `code`?"), "{wrong}");
    let large = say(&gateway, &json!({"request_id": id, "comment": "x".repeat(100_000)}));
    assert_eq!((large.status, large.error_code().as_str()), (413, "payload_too_large"));
    let got = gateway.get("/v1/feedback");
    assert_eq!((got.status, got.error_code().as_str()), (405, "method_not_allowed"));
    assert_eq!(gateway.row(FEEDBACK), "- - -");
}

#[test]
fn a_stream_can_be_judged_as_soon_as_its_end_is_seen() {
    let gateway = Gateway::start();
    gateway.upstream.script("small", [Reply::stream([text("a"), finish(), usage(), "[DONE]".into()])]);
    // Often, because what could go wrong is a race.
    for _ in 0..30 {
        let mut stream = gateway.send(&chat("", &hi("auto", true)));
        stream.until("[DONE]");
        let head = stream.read();
        let id = head.lines().find_map(|line| line.strip_prefix("x-request-id: ")).unwrap().to_owned();
        let answer = say(&gateway, &json!({"request_id": id, "score": 1}));
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

#[test]
fn feedback_survives_a_restart() {
    let home = Home::new();
    home.upstream.script("small", [Reply::answer("hello")]);
    let daemon = home.start();
    let id = daemon.ask("auto", false).header("x-request-id").to_owned();
    let mut daemon = daemon;
    let answer = daemon.send(&post(&json!({"request_id": id, "score": 0.25}).to_string(), "")).answer();
    assert_eq!(answer.status, 200, "{answer:?}");
    daemon.kill();
    let daemon = home.start();
    let answer = daemon.send(&post(&json!({"request_id": id, "comment": "slow"}).to_string(), "")).answer();
    assert_eq!((answer.status, &answer.json()["score"]), (200, &json!(0.25)));
    daemon.signal("TERM");
    daemon.end();
    assert_eq!(home.rows(FEEDBACK), ["0.25 - slow"]);
}

#[test]
fn a_ledger_that_cannot_be_written_is_told_and_what_was_said_is_kept_for_it() {
    let (gateway, id) = answered(&[]);
    assert!(gateway.app.ledger.flush(std::time::Duration::from_secs(10)));
    let locked = ledger::open(&gateway.ledger()).unwrap();
    locked.execute_batch("BEGIN IMMEDIATE").unwrap();
    let answer = say(&gateway, &json!({"request_id": id, "score": 1}));
    assert_eq!((answer.status, answer.error_code().as_str()), (503, "ledger_unavailable"));
    assert_eq!(answer.header("retry-after"), "1");
    locked.execute_batch("COMMIT").unwrap();
    eventually("it is written", || (gateway.row(FEEDBACK) == "1.0 - -").then_some(()));
}
