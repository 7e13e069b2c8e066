//! The ledger: one row a request, texts only where they may be kept, costs to the nano-dollar.

use std::time::Duration;

use crate::client::{at_once, chat, eventually, hi};
use crate::gateway::{Gateway, OUTCOME};
use crate::reply::{Reply, finish, role, streamed, text};

/// The question and the answer of every request here; neither may be where it is not to be.
const QUESTION: &str = "purple elephant";
const ANSWER: &str = "green zebra";

fn asking(stream: bool) -> String {
    hi("auto", stream).replace("hi", QUESTION)
}

/// What is kept of a whole answer and of a stream under this setting and with these headers.
fn check(setting: &str, headers: &str, prompt: bool, answer: bool) {
    at_once([false, true], |stream| {
        let gateway =
            Gateway::with(&[("\n[providers.up]", &format!("\n[ledger]\ntext = \"{setting}\"\n[providers.up]"))]);
        let pieces = [role(), text("green "), text("zebra"), finish(), "[DONE]".into()];
        let said = if stream { Reply::stream(pieces) } else { Reply::answer(ANSWER) };
        gateway.upstream.script("small", [said]);
        assert_eq!(gateway.post(headers, &asking(stream)).status, 200);
        let kept = gateway.query(
            "SELECT concat_ws('|', requests.id = texts.id, prompt, answer) FROM requests LEFT JOIN texts USING (id)",
        );
        let conversation = format!(r#"[{{"role":"user","content":"{QUESTION}"}}]"#);
        let parts = [(prompt, "1"), (prompt, &conversation), (answer, ANSWER)];
        let expected: Vec<_> = parts.iter().filter(|(kept, _)| *kept).map(|(_, part)| *part).collect();
        assert_eq!(kept, [expected.join("|")], "{setting} {headers}");
        let columns = gateway.query("SELECT name FROM pragma_table_info('requests') WHERE name <> 'id'").join(", ");
        let row = gateway.row(&columns);
        assert!(!row.contains(QUESTION) && !row.contains(ANSWER), "{row}");
        for (word, kept) in [(QUESTION, prompt), (ANSWER, answer)] {
            assert_eq!(on_disk(&gateway, word), kept, "{word} with {setting} {headers}");
        }
    });
}

/// Whether some file of the ledger holds this text.
fn on_disk(gateway: &Gateway, text: &str) -> bool {
    let folder = gateway.ledger().parent().unwrap().to_owned();
    let files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect();
    assert!(files.len() >= 2, "the database and its log");
    files.iter().any(|file| file.windows(text.len()).any(|window| window == text.as_bytes()))
}

#[test]
fn no_text_is_kept_where_nobody_said_so() {
    check("none", "", false, false);
}

#[test]
fn prompts_are_kept_where_they_are_wanted() {
    check("prompts", "", true, false);
    check("prompts", "x-frontdesk-text: none\r\n", false, false);
}

#[test]
fn answers_are_kept_where_everything_is_wanted() {
    check("full", "", true, true);
    check("full", "x-frontdesk-text: none\r\n", false, false);
}

#[test]
fn every_request_has_one_row_whatever_ends_it() {
    let gateway =
        Gateway::with(&[("\n[providers.up]", "\n[server]\nmax_body = \"10KB\"\n[providers.up]\nretries = 0")]);
    let good = |stream| if stream { Reply::stream(streamed("a")) } else { Reply::answer("a") };
    gateway.upstream.script(
        "small",
        [
            good(false),
            good(true),
            Reply::cut([text("a")]),
            Reply::error(422, "odd"),
            Reply::error(500, "x"),
            Reply::silent(),
        ],
    );
    gateway.upstream.script("large", [Reply::error(500, "x")]);
    gateway.ask("auto", false);
    for _ in 0..2 {
        gateway.ask("auto", true);
    }
    for _ in 0..2 {
        gateway.ask("auto", false);
    }
    gateway.post("x-frontdesk-timeout-ms: 100\r\n", &hi("auto", false));
    gateway.post("", "{");
    gateway.ask("nobody", false);
    gateway.post("x-frontdesk-category: nonsense\r\n", &hi("auto", false));
    gateway.post("", &"x".repeat(20_000));
    let leaving = gateway.send(&chat("", &hi("auto", true).replace("hi", "leaving")));
    // Told apart by its text: under load the call before it may come late.
    let leavings = |call: &crate::upstream::Call| call.body.to_string().contains("leaving");
    eventually("the call is made", || gateway.upstream.calls().iter().any(leavings).then_some(()));
    drop(leaving);
    let rows = eventually("eleven rows are there", || Some(gateway.rows(OUTCOME)).filter(|rows| rows.len() >= 11));
    let ends: Vec<_> = rows.iter().map(|row| row.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
    let expected = [
        "200 -",
        "200 -",
        "200 upstream_interrupted",
        "422 upstream_refused",
        "503 models_unavailable",
        "504 timeout",
        "400 invalid_request_error",
        "404 model_not_found",
        "400 invalid_request_error",
        "413 payload_too_large",
        "499 client_closed",
    ];
    assert_eq!(ends, expected);
    assert_eq!(gateway.metric("frontdesk_ledger_rows_written_total"), ["11"]);
}

#[test]
fn a_ledger_that_is_locked_delays_rows_and_nothing_else() {
    let gateway = Gateway::start();
    gateway.upstream.script("small", [Reply::answer("hello")]);
    let lock = ledger::open(&gateway.ledger()).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    for _ in 0..3 {
        assert_eq!(gateway.ask("auto", false).status, 200);
    }
    let unready = eventually("it is known", || Some(gateway.get("/readyz")).filter(|answer| answer.status != 200));
    assert_eq!((unready.status, unready.error_code().as_str()), (503, "ledger_unavailable"));
    assert_eq!(gateway.get("/healthz").status, 200);
    assert_eq!(gateway.ask("auto", false).status, 200);
    lock.execute_batch("COMMIT").unwrap();
    eventually("it can be written again", || (gateway.get("/readyz").status == 200).then_some(()));
    assert_eq!(gateway.rows("status, error"), ["200"; 4]);
}

#[test]
fn a_ledger_without_its_table_delays_rows_until_it_is_back() {
    let gateway = Gateway::start();
    gateway.upstream.script("small", [Reply::answer("hello"), Reply::stream(streamed("hello"))]);
    assert_eq!(gateway.ask("auto", false).status, 200);
    assert_eq!(gateway.rows("status"), ["200"]);
    let other = ledger::open(&gateway.ledger()).unwrap();
    other.execute_batch("ALTER TABLE requests RENAME TO away").unwrap();
    assert_eq!(gateway.ask("auto", true).status, 200);
    eventually("it is known", || (gateway.get("/readyz").status == 503).then_some(()));
    assert_eq!(gateway.metric("frontdesk_ledger_rows_pending"), ["1"]);
    other.execute_batch("ALTER TABLE away RENAME TO requests").unwrap();
    eventually("it can be written again", || (gateway.get("/readyz").status == 200).then_some(()));
    assert!(gateway.app.ledger.flush(Duration::from_secs(10)));
    assert_eq!(gateway.rows("status, stream"), ["200 0", "200 1"]);
}
